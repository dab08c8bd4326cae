// Weights in a file: mapped read-only and shared, so that the processes of one machine keep them once. Nothing is
// copied or converted; the rows of the model say where each piece lies.
#include <fcntl.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "lathe/model.h"
#include "runtime/model_internal.h"

namespace lathe::runtime {
namespace {

constexpr uint64_t kRowAlignment = 64;

// The beginning of every sentence here; returns `status`.
lathe_status fail(Message* message, lathe_status status, const lathe_model* model, const char* path, const char* what) {
  lathe_internal_name_model(message, model);
  lathe_internal_add_text(message, ": ");
  lathe_internal_add_quoted(message, path);
  lathe_internal_add_text(message, " ");
  lathe_internal_add_text(message, what);
  return status;
}

lathe_status fail_reading(Message* message, const lathe_model* model, const char* path) {
  const int reason = errno;
  fail(message, LATHE_NO_WEIGHTS, model, path, "can't be read: ");
  lathe_internal_add_text(message, std::strerror(reason));
  return LATHE_NO_WEIGHTS;
}

struct Mapping {
  void* data = nullptr;
  uint64_t bytes = 0;
};

// Maps the whole file; the file itself is closed again.
lathe_status map_file(const lathe_model* model, const char* path, Message* message, Mapping* mapping) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail_reading(message, model, path);
  lathe_status status = LATHE_OK;
  struct stat information = {};
  if (fstat(file, &information) != 0) {
    status = fail_reading(message, model, path);
  } else if (!S_ISREG(information.st_mode)) {
    status = fail(message, LATHE_NO_WEIGHTS, model, path, "is not a regular file");
  } else if (information.st_size < static_cast<off_t>(sizeof(lathe_weights_header))) {
    status = fail(message, LATHE_INVALID_ARGUMENT, model, path, "is too short to be a file of weights");
  } else {
    mapping->bytes = static_cast<uint64_t>(information.st_size);
    mapping->data = mmap(nullptr, mapping->bytes, PROT_READ, MAP_SHARED, file, 0);
    if (mapping->data == MAP_FAILED) status = fail_reading(message, model, path);
  }
  close(file);
  return status;
}

// Whether the mapped file is the one that was made with the model.
lathe_status check_file(const lathe_model* model, const char* path, Message* message, const Mapping& mapping) {
  lathe_weights_header header;
  std::memcpy(&header, mapping.data, sizeof(header));
  const auto refuse = [&](const char* what) { return fail(message, LATHE_INVALID_ARGUMENT, model, path, what); };
  if (std::memcmp(header.magic, LATHE_WEIGHTS_MAGIC, sizeof(header.magic)) != 0) return refuse("is no file of weights");
  if (header.version != LATHE_WEIGHTS_VERSION) {
    refuse("has version ");
    lathe_internal_add_number(message, header.version);
    lathe_internal_add_text(message, " of the format; this runtime reads version ");
    lathe_internal_add_number(message, LATHE_WEIGHTS_VERSION);
    return LATHE_INVALID_ARGUMENT;
  }
  if (header.fingerprint != model->weights_fingerprint ||
      header.row_count != static_cast<uint32_t>(model->data_count)) {
    return refuse("belongs to another model, or to another version of this one: its fingerprint differs");
  }
  if (header.bytes != mapping.bytes) {
    refuse("has ");
    lathe_internal_add_number(message, static_cast<int64_t>(mapping.bytes));
    lathe_internal_add_text(message, " bytes; it was written with ");
    lathe_internal_add_number(message, static_cast<int64_t>(header.bytes));
    return LATHE_INVALID_ARGUMENT;
  }
  for (int32_t i = 0; i < model->data_count; ++i) {
    const lathe_data_row& row = model->data_rows[i];
    if (row.offset % kRowAlignment == 0 && row.offset >= sizeof(lathe_weights_header) && row.offset <= mapping.bytes &&
        row.bytes <= mapping.bytes - row.offset) {
      continue;
    }
    refuse("does not hold row ");
    lathe_internal_add_number(message, i);
    lathe_internal_add_text(message, " of the data");
    return LATHE_INVALID_ARGUMENT;
  }
  return LATHE_OK;
}

}  // namespace
}  // namespace lathe::runtime

lathe_status lathe_model_load_weights(const lathe_model* model, const char* path, char* message, size_t message_size) {
  lathe::runtime::Message text;
  lathe_internal_open_buffer(&text, message, message_size);
  lathe_status status = lathe_internal_check_model(model, &text);
  if (status != LATHE_OK) return status;
  if (!lathe::runtime::has_weights_file(model) || lathe::runtime::loaded_weights(model) != nullptr) return LATHE_OK;
  if (path == nullptr) {
    lathe_internal_name_model(&text, model);
    lathe_internal_add_text(&text, ": no path of a file of weights is given");
    return LATHE_INVALID_ARGUMENT;
  }
  lathe::runtime::Mapping mapping;
  status = lathe::runtime::map_file(model, path, &text, &mapping);
  if (status != LATHE_OK) return status;
  status = lathe::runtime::check_file(model, path, &text, mapping);
  if (status != LATHE_OK) {
    munmap(mapping.data, mapping.bytes);
    return status;
  }
  for (int32_t i = 0; i < model->data_count; ++i) {
    model->data[i] = static_cast<const char*>(mapping.data) + model->data_rows[i].offset;
  }
  model->state->weights_bytes = mapping.bytes;
  // Last: who sees the mapping sees the rows.
  __atomic_store_n(&model->state->weights, mapping.data, __ATOMIC_RELEASE);
  return LATHE_OK;
}

void lathe_model_release_weights(const lathe_model* model) {
  lathe::runtime::Message nowhere;
  if (lathe_internal_check_model(model, &nowhere) != LATHE_OK) return;
  void* weights = model->state->weights;
  if (weights == nullptr) return;
  for (int32_t i = 0; i < model->data_count; ++i) model->data[i] = nullptr;
  munmap(weights, model->state->weights_bytes);
  model->state->weights_bytes = 0;
  __atomic_store_n(&model->state->weights, static_cast<void*>(nullptr), __ATOMIC_RELEASE);
}
