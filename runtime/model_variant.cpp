// Which program of a model runs on this CPU. The choice is made once a process and kept in the model's state; threads
// that make it at the same time come to the same one.
#include <cstring>

#include "lathe/model.h"
#include "runtime/model_internal.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace {

// Index of the target that `variant` needs: lathe_target_count() when it needs none, -1 when this runtime does not know
// it.
int32_t needed_target(const lathe_variant& variant) {
  const int32_t count = lathe_target_count();
  if (variant.isa[0] == '\0') return count;
  for (int32_t i = 0; i < count; ++i) {
    if (std::strcmp(variant.isa, lathe_target_name(i)) == 0) return i;
  }
  return -1;
}

bool supported(const lathe_variant& variant) {
  const int32_t needed = needed_target(variant);
  return needed == lathe_target_count() || lathe_target_supported(needed) != 0;
}

// Index of the selected target; lathe_target_count() on a CPU below all targets, which still runs what needs none.
int32_t selected_target(const lathe_execution* execution, lathe_status* status) {
  *status = LATHE_OK;
  if (lathe_target_detected() < 0) return lathe_target_count();
  return lathe_internal_selected_target(execution, status);
}

void list_variants(Message* message, const lathe_model* model) {
  for (int32_t i = 0; i < model->variant_count; ++i) {
    if (i > 0) lathe_internal_add_text(message, ", ");
    lathe_internal_add_text(message, model->variants[i].cpu);
    if (!supported(model->variants[i])) lathe_internal_add_text(message, " (not supported by this CPU)");
  }
}

void remember(const lathe_model* model, const lathe_variant& variant) {
  __atomic_store_n(&model->state->cpu, variant.cpu, __ATOMIC_RELAXED);
  __atomic_store_n(&model->state->run, variant.run, __ATOMIC_RELEASE);
}

// The first variant that the selected target covers, kept in the state. Null when there is none: then the reason is in
// `execution`'s message and in `*status`.
const lathe_variant* choose(const lathe_model* model, const lathe_execution* execution, lathe_status* status) {
  const int32_t selected = selected_target(execution, status);
  if (*status != LATHE_OK) return nullptr;
  for (int32_t i = 0; i < model->variant_count; ++i) {
    const lathe_variant& variant = model->variants[i];
    if (needed_target(variant) < selected) continue;
    remember(model, variant);
    return &variant;
  }
  *status = LATHE_UNSUPPORTED_CPU;
  Message message;
  lathe_internal_open_message(&message, execution);
  lathe_internal_name_model(&message, model);
  lathe_internal_add_text(&message, " has no code for this CPU");
  if (const char* target = lathe_target_name(selected)) {
    lathe_internal_add_text(&message, " with target ");
    lathe_internal_add_quoted(&message, target);
  }
  lathe_internal_add_text(&message, "; it has code for: ");
  list_variants(&message, model);
  return nullptr;
}

void add_version(Message* message, int32_t version) {
  lathe_internal_add_number(message, version / 10000);
  lathe_internal_add_text(message, ".");
  lathe_internal_add_number(message, version / 100 % 100);
  lathe_internal_add_text(message, ".");
  lathe_internal_add_number(message, version % 100);
}

}  // namespace
}  // namespace lathe::runtime

namespace runtime = lathe::runtime;

void lathe_internal_add_quoted(runtime::Message* message, const char* text) {
  lathe_internal_add_text(message, "`");
  lathe_internal_add_text(message, text);
  lathe_internal_add_text(message, "`");
}

void lathe_internal_name_model(runtime::Message* message, const lathe_model* model) {
  lathe_internal_add_text(message, "model ");
  lathe_internal_add_quoted(message, model->name);
}

lathe_status lathe_internal_check_model(const lathe_model* model, runtime::Message* message) {
  if (model == nullptr) {
    lathe_internal_add_text(message, "no model is given");
    return LATHE_INVALID_ARGUMENT;
  }
  // The version first: where the other fields lie depends on it.
  const int32_t made_for = model->struct_size < sizeof(lathe_model) ? 0 : model->runtime_version;
  if (made_for / 10000 == LATHE_RUNTIME_VERSION / 10000 && made_for > 0 && made_for <= LATHE_RUNTIME_VERSION) {
    return LATHE_OK;
  }
  if (made_for > 0) {
    lathe_internal_name_model(message, model);
    lathe_internal_add_text(message, " is made for version ");
    runtime::add_version(message, made_for);
  } else {
    lathe_internal_add_text(message, "the model is not made for any version");
  }
  lathe_internal_add_text(message, " of the runtime; this one is ");
  runtime::add_version(message, LATHE_RUNTIME_VERSION);
  return LATHE_INVALID_ARGUMENT;
}

lathe_program_fn lathe_model_program(const lathe_model* model, const lathe_execution* execution, lathe_status* status) {
  lathe_status unwanted = LATHE_OK;
  if (status == nullptr) status = &unwanted;
  runtime::Message message;
  lathe_internal_open_message(&message, execution);
  *status = lathe_internal_check_model(model, &message);
  if (*status != LATHE_OK) return nullptr;
  if (runtime::has_weights_file(model) && runtime::loaded_weights(model) == nullptr) {
    lathe_internal_name_model(&message, model);
    lathe_internal_add_text(&message, ": its weights lie in a file that is not loaded; call lathe_model_load_weights");
    *status = LATHE_NO_WEIGHTS;
    return nullptr;
  }
  if (lathe_program_fn run = __atomic_load_n(&model->state->run, __ATOMIC_ACQUIRE)) return run;
  const lathe_variant* variant = runtime::choose(model, execution, status);
  return variant != nullptr ? variant->run : nullptr;
}

const char* lathe_model_cpu(const lathe_model* model) {
  runtime::Message nowhere;
  if (lathe_internal_check_model(model, &nowhere) != LATHE_OK) return nullptr;
  if (__atomic_load_n(&model->state->run, __ATOMIC_ACQUIRE) != nullptr) {
    return __atomic_load_n(&model->state->cpu, __ATOMIC_RELAXED);
  }
  lathe_status status = LATHE_OK;
  const lathe_variant* variant = runtime::choose(model, nullptr, &status);
  return variant != nullptr ? variant->cpu : nullptr;
}

lathe_status lathe_model_select_cpu(const lathe_model* model, const char* cpu, char* message, size_t message_size) {
  runtime::Message text;
  lathe_internal_open_buffer(&text, message, message_size);
  lathe_status status = lathe_internal_check_model(model, &text);
  if (status != LATHE_OK) return status;
  if (cpu == nullptr || *cpu == '\0') {
    lathe_execution execution = LATHE_EXECUTION_INIT;
    execution.message = message;
    execution.message_size = message_size;
    runtime::choose(model, &execution, &status);
    return status;
  }
  status = LATHE_UNKNOWN_TARGET;
  for (int32_t i = 0; i < model->variant_count; ++i) {
    const lathe_variant& variant = model->variants[i];
    if (std::strcmp(cpu, variant.cpu) != 0) continue;
    if (runtime::supported(variant)) {
      runtime::remember(model, variant);
      return LATHE_OK;
    }
    status = LATHE_UNSUPPORTED_CPU;
  }
  lathe_internal_name_model(&text, model);
  if (status == LATHE_UNKNOWN_TARGET) {
    lathe_internal_add_text(&text, " has no code for CPU ");
    lathe_internal_add_quoted(&text, cpu);
  } else {
    lathe_internal_add_text(&text, ": CPU ");
    lathe_internal_add_quoted(&text, cpu);
    lathe_internal_add_text(&text, " is more than this machine has");
  }
  lathe_internal_add_text(&text, "; it has code for: ");
  runtime::list_variants(&text, model);
  return status;
}
