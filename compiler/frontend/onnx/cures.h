// Cures for models that can't be imported: changes in terms of the file's nodes, each tried before it is offered.
//
// After a failed import the faults of the main graph are gone through. For each, the changes that cure_proposals.h
// knows are made in memory, of the failed node and of those before it, and the model is imported again. A change with
// which the fault is gone and no other one came is added to the diagnostic as a verified fix; there are no edits, as
// model files are not text. Faults without labels also get the types of their operands, with the nodes that made them.
#pragma once

#include "compiler/frontend/onnx/cure_proposals.h"
#include "compiler/frontend/onnx/import.h"
#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {

struct FailedImport {
  const TensorFiles& files;
  const ImportOptions& options;
  FileId file;
  const ValueTypes& types;
};

void add_cures(const FailedImport& failed, Module& module, Diagnostics& diagnostics);

}  // namespace lathe::onnx
