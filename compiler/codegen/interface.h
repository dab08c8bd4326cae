// The face of a program that is compiled ahead of time: names, prototypes and tables of its C interface.
//
// One description for all kinds of artefacts: the C++ emitter writes definitions that match it, the LLVM emitter emits
// them, the headers (interface_header.h) declare them. What an artefact exports is fixed in lathe/model.h's terms:
// PREFIX_model, PREFIX_run, PREFIX_run_in and nothing else. Made from a verified program; no compiler runs here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/kernel/program.h"

namespace lathe::codegen {

/// Where the bytes that a program reads are.
enum class WeightsPlace : uint8_t {
  Embedded,  ///< constants of the artefact
  File,      ///< a file beside it, mapped by lathe_model_load_weights
};

struct InterfaceAxis {
  Dim size;
  std::string text;  ///< `8`, `N`, `2*N + 1`
};

struct InterfacePort {
  std::string name;    ///< as in the model
  std::string c_name;  ///< a parameter's name
  ElementType element = ElementType::F32;
  std::vector<InterfaceAxis> axes;
  /// Bytes; nothing when that depends on symbols.
  std::optional<uint64_t> bytes;
};

/// A row of the program's symbol table.
struct InterfaceSymbol {
  std::string name;
  std::string c_name;
  int64_t least = 1;
  int64_t most = 0;
  /// Where a caller reads it; nothing for sizes that only the run finds, which are no parameters.
  std::optional<kernel::FromInput> source;
};

/// A row of data in a file of weights.
struct InterfaceData {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

struct Interface {
  std::string prefix;  ///< `mlp`: a C identifier
  std::string model;   ///< name of the model, for comments and messages
  std::vector<InterfacePort> inputs;
  std::vector<InterfacePort> outputs;
  std::vector<InterfaceSymbol> symbols;
  Dim arena_bytes;
  std::vector<Dim> sizes;  ///< what the function of lathe_sizes_fn writes, in order
  WeightsPlace weights = WeightsPlace::Embedded;
  std::vector<InterfaceData> data;  ///< by row of the program's data
  uint64_t weights_bytes = 0;       ///< of the whole file
  uint64_t fingerprint = 0;         ///< of the data

  /// Whether no caller chooses a size.
  [[nodiscard]] bool is_static() const;
  /// Bytes of the arena that PREFIX_run keeps on the stack; nothing when it asks the allocator.
  [[nodiscard]] std::optional<int64_t> stack_arena() const;
};

/// `prefix` must be a C identifier: see is_c_identifier() and c_identifier().
[[nodiscard]] Interface make_interface(const kernel::Program& program, std::string prefix, WeightsPlace weights);

[[nodiscard]] bool is_c_identifier(std::string_view text);
/// `my-net.v2` as `my_net_v2`: a C identifier that is no keyword.
[[nodiscard]] std::string c_identifier(std::string_view text);

/// LATHE_F32 .. of lathe/model.h; strings have none.
[[nodiscard]] int32_t element_code(ElementType element);
/// The C type of an element in memory: `float`, `uint16_t` for f16.
[[nodiscard]] std::string_view memory_type_name(ElementType element);

/// The two entries.
enum class EntryKind : uint8_t {
  Run,    ///< PREFIX_run(symbols.., inputs.., outputs..)
  RunIn,  ///< PREFIX_run_in(execution, symbols.., inputs.., outputs.., arena)
};

/// One parameter as C declares it: `const float image[1][3][8][8]`, `int64_t N`.
struct EntryParameter {
  enum class Role : uint8_t { Execution, Symbol, Input, Output, Arena };
  Role role = Role::Input;
  uint32_t index = 0;  ///< row of symbols, inputs or outputs
  std::string name;
  std::string declaration;
};
[[nodiscard]] std::vector<EntryParameter> entry_parameters(const Interface& interface, EntryKind kind);
/// `head(item, item)`, on lines of at most 120 characters with room for `tail`; items stand under each other.
[[nodiscard]] std::string parameter_list(std::string head, const std::vector<std::string>& items,
                                         std::string_view tail);
/// `lathe_status mlp_run(const float x[1][784], float y[1][10])`; `before` stands in front.
[[nodiscard]] std::string prototype(const Interface& interface, EntryKind kind, std::string_view before = {});

/// The file of weights: header, then every row at its offset.
[[nodiscard]] std::string weights_file(const Interface& interface, const kernel::Program& program);

/// Guards for bounds of symbols that depend on other symbols, which lathe_symbol can't state, at the program's front.
void add_bound_guards(kernel::Program& program);

}  // namespace lathe::codegen
