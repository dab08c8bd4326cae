// Storage of objects: chunks that never move, so that references stay valid while objects are added.
#include "compiler/frontend/torch/python/value.h"
#include "ir/base/result.h"

namespace lathe::torch {

ObjectId Heap::add(Object object) {
  if (size_ % kChunk == 0) chunks_.emplace_back().reserve(kChunk);
  if (const auto* string = std::get_if<StringObject>(&object)) text_bytes_ += string->text.size();
  chunks_.back().push_back(std::move(object));
  return ObjectId(size_++);
}

Object& Heap::operator[](ObjectId id) {
  LATHE_CHECK(id.index < size_);
  return chunks_[id.index / kChunk][id.index % kChunk];
}

const Object& Heap::operator[](ObjectId id) const {
  LATHE_CHECK(id.index < size_);
  return chunks_[id.index / kChunk][id.index % kChunk];
}

}  // namespace lathe::torch
