// Declaring of the model options.
#include "compiler/tools/definition_arguments.h"

namespace lathe::tools {

void DefinitionArguments::add_to(OptionParser& parser, bool takes_data) {
  add_without_weights_to(parser, takes_data);
  parser.text("--weights", weights, "FILE", "Parameters of a PyTorch model: .safetensors, .pth, .pt or .npz");
}

void DefinitionArguments::add_without_weights_to(OptionParser& parser, bool takes_data) {
  parser.positional("MODEL", path,
                    "A .onnx, .lathe or .py file; net.py:NAME or net.py:'Net(10)' names a PyTorch model");
  if (takes_data) {
    parser.texts("-i,--input", inputs, "X=FILE", "An input: a .npy, .npz or .pb file, or a type for random data");
  } else {
    parser.texts("-i,--input", inputs, "X=TYPE", "Type of an input, such as x=f32[1,3,32,32] or x=f32[N,3,H,W]");
  }
  parser.flag("--no-strict", no_strict, "Let names of the weights file and of the definition differ");
  parser.flag("--train", train, "PyTorch's training mode: batch statistics, dropout");
  parser.integer("--seed", seed, 0, INT64_MAX / 2, "Of random data and random parameters (0)");
}

}  // namespace lathe::tools
