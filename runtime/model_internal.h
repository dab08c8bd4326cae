// What the files behind lathe/model.h share.
#pragma once

#include "lathe/model.h"
#include "runtime/message.h"

namespace lathe::runtime {

// Whether the model's data lies in a file.
static inline bool has_weights_file(const lathe_model* model) {
  return model->data_rows != nullptr && model->data_count > 0;
}

// The mapped file, or null.
static inline const void* loaded_weights(const lathe_model* model) {
  return __atomic_load_n(&model->state->weights, __ATOMIC_ACQUIRE);
}

}  // namespace lathe::runtime

extern "C" {

// LATHE_OK for a model that this runtime can read; else the reason is added to `message`.
lathe_status lathe_internal_check_model(const lathe_model* model, lathe::runtime::Message* message);

// Begins a sentence about a model: "model `mlp`".
void lathe_internal_name_model(lathe::runtime::Message* message, const lathe_model* model);

// Adds `text` in backquotes.
void lathe_internal_add_quoted(lathe::runtime::Message* message, const char* text);
}
