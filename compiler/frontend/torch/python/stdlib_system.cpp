// The modules os, sys, time, warnings, logging, random and contextlib: what a model file calls in passing. Nothing
// outside of the program is read or changed.
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Result<Value> nothing(NativeCall&) { return none(); }
Result<Value> no(NativeCall&) { return Value(false); }
Result<Value> zero(NativeCall&) { return Value(0.0); }
Result<Value> one(NativeCall&) { return integer(1); }
Result<Value> refuse(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("`{}`", call.display_name()));
}

// ----------------------------------------------------------------------------------------------------------- os, sys

Result<Value> join_paths(NativeCall& call) {
  LATHE_TRY(std::string path, call.string("path"));
  const std::vector<Value> parts = heap_of(call).as<TupleObject>(call.argument("parts"))->items;
  for (const Value& part : parts) {
    LATHE_RETURN_UNKNOWN(part);
    const std::string* text = heap_of(call).string(part);
    if (text == nullptr) return wrong_type(call, "parts", "strings");
    if (text->starts_with('/')) {
      path = *text;
    } else {
      if (!path.empty() && !path.ends_with('/')) path += '/';
      path += *text;
    }
  }
  return new_string(call, std::move(path));
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  std::string head = path.substr(0, slash + 1);
  if (head.find_first_not_of('/') != std::string::npos) head.erase(head.find_last_not_of('/') + 1);
  return {head, path.substr(slash + 1)};
}

size_t extension_of(const std::string& path) {
  const size_t name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  const size_t first = path.find_first_not_of('.', name);
  const size_t dot = path.rfind('.');
  return dot == std::string::npos || first == std::string::npos || dot < first ? path.size() : dot;
}

/// basename, dirname, split, splitext: texts only.
Result<Value> part_of_path(NativeCall& call) {
  LATHE_TRY(const std::string path, call.string("path"));
  const std::string_view what = call.row.name;
  auto [head, tail] = split_path(path);
  if (what == "basename") return new_string(call, tail);
  if (what == "dirname") return new_string(call, head);
  if (what == "splitext") {
    const size_t dot = extension_of(path);
    head = path.substr(0, dot);
    tail = path.substr(dot);
  }
  return heap_of(call).new_tuple({new_string(call, head), new_string(call, tail)});
}

Result<Value> same_path(NativeCall& call) { return call.argument("path"); }

Result<Value> get_variable(NativeCall& call) { return call.argument("default"); }

Value empty_dict(Evaluator& evaluator) { return evaluator.heap().add(DictObject{}); }
Value slash(Evaluator& evaluator) { return evaluator.heap().new_string("/"); }
Value newline(Evaluator& evaluator) { return evaluator.heap().new_string("\n"); }
Value posix(Evaluator& evaluator) { return evaluator.heap().new_string("posix"); }
Value linux_name(Evaluator& evaluator) { return evaluator.heap().new_string("linux"); }
Value arguments(Evaluator& evaluator) { return evaluator.heap().new_list({evaluator.heap().new_string("model.py")}); }
Value empty_list(Evaluator& evaluator) { return evaluator.heap().new_list({}); }
Value largest(Evaluator&) { return integer(9223372036854775807); }
Value version(Evaluator& evaluator) { return evaluator.heap().new_tuple({integer(3), integer(11), integer(0)}); }
Value version_text(Evaluator& evaluator) { return evaluator.heap().new_string("3.11.0"); }
Value stream(Evaluator& evaluator) { return evaluator.new_instance(evaluator.library_object("sys.TextStream"), {}); }

Result<Value> working_folder(NativeCall& call) { return new_string(call, "."); }

constexpr NativeFunctionRow kOs[] = {
    {"makedirs", "path, mode=511, exist_ok=False", nothing},
    {"mkdir", "path, mode=511", nothing},
    {"getcwd", "", working_folder},
    {"cpu_count", "", one},
    {"getenv", "name, default=None", get_variable},
    {"listdir", "path=None", refuse},
    {"remove", "path", refuse},
    {"system", "command", refuse},
    {"getpid", "", one},
    {"fspath", "path", same_path},
};
constexpr NativeFunctionRow kOsPath[] = {
    {"join", "path, /, *parts", join_paths},
    {"basename", "path, /", part_of_path},
    {"dirname", "path, /", part_of_path},
    {"split", "path, /", part_of_path},
    {"splitext", "path, /", part_of_path},
    {"exists", "path", no},
    {"isfile", "path", no},
    {"isdir", "path", no},
    {"abspath", "path", same_path},
    {"realpath", "path", same_path},
    {"expanduser", "path", same_path},
    {"normpath", "path", same_path},
};
constexpr NativeConstantRow kOsConstants[] = {
    {"environ", empty_dict}, {"sep", slash}, {"linesep", newline}, {"name", posix}};

constexpr NativeFunctionRow kSys[] = {
    {"exit", "code=None, /", nothing},
    {"setrecursionlimit", "limit, /", nothing},
    {"getrecursionlimit", "", one},
    {"getsizeof", "object", refuse},
};
constexpr NativeFunctionRow kStreamMethods[] = {{"write", "self, text, /", nothing}, {"flush", "self", nothing}};
constexpr NativeClassRow kSysClasses[] = {{"TextStream", "", kStreamMethods}};
constexpr NativeConstantRow kSysConstants[] = {
    {"argv", arguments},       {"path", empty_list},      {"maxsize", largest},
    {"version_info", version}, {"version", version_text}, {"platform", linux_name},
    {"stdout", stream},        {"stderr", stream},        {"modules", empty_dict},
};

// ----------------------------------------------------------------------------------- time, warnings, logging, random

constexpr NativeFunctionRow kTime[] = {
    {"time", "", zero},         {"perf_counter", "", zero},       {"monotonic", "", zero},
    {"process_time", "", zero}, {"sleep", "seconds, /", nothing}, {"strftime", "format, time=None", refuse},
};

/// A context manager that does nothing: warnings.catch_warnings, contextlib.nullcontext.
Result<Value> enter(NativeCall& call) {
  const auto* self = heap_of(call).as<InstanceObject>(call.argument("self"));
  const Value* given = self != nullptr ? self->attributes.find(call.evaluator.name("_given")) : nullptr;
  return given != nullptr ? *given : none();
}
Result<Value> leave(NativeCall&) { return Value(false); }
Result<Value> initialize_context(NativeCall& call) {
  LATHE_TRY_VOID(call.evaluator.set_plain_attribute(std::get<ObjectId>(call.argument("self")),
                                                    call.evaluator.name("_given"), call.argument("enter_result")));
  return none();
}
constexpr NativeFunctionRow kNullContext[] = {
    {"__init__", "self, enter_result=None, **options", initialize_context},
    {"__enter__", "self", enter},
    {"__exit__", "self, *arguments", leave},
};
constexpr NativeFunctionRow kWarnings[] = {
    {"warn", "message, category=None, stacklevel=1, source=None", nothing},
    {"warn_explicit", "*arguments, **options", nothing},
    {"filterwarnings", "*arguments, **options", nothing},
    {"simplefilter", "*arguments, **options", nothing},
    {"resetwarnings", "", nothing},
};
constexpr NativeClassRow kWarningsClasses[] = {{"catch_warnings", "", kNullContext}};
constexpr NativeFunctionRow kContextlib[] = {{"contextmanager", "function, /", refuse},
                                             {"suppress", "*exceptions", refuse}};
constexpr NativeClassRow kContextlibClasses[] = {{"nullcontext", "", kNullContext}};

Result<Value> get_logger(NativeCall& call) {
  return Value(call.evaluator.new_instance(call.evaluator.library_object("logging.Logger"), call.where));
}
constexpr NativeFunctionRow kLoggerMethods[] = {
    {"__init__", "self, *arguments, **options", nothing},
    {"debug", "self, *arguments, **options", nothing},
    {"info", "self, *arguments, **options", nothing},
    {"warning", "self, *arguments, **options", nothing},
    {"warn", "self, *arguments, **options", nothing},
    {"error", "self, *arguments, **options", nothing},
    {"critical", "self, *arguments, **options", nothing},
    {"exception", "self, *arguments, **options", nothing},
    {"log", "self, *arguments, **options", nothing},
    {"setLevel", "self, level", nothing},
    {"addHandler", "self, handler", nothing},
    {"setFormatter", "self, formatter", nothing},
    {"isEnabledFor", "self, level", no},
};
constexpr NativeFunctionRow kLogging[] = {
    {"getLogger", "name=None", get_logger},
    {"basicConfig", "**options", nothing},
    {"debug", "*arguments, **options", nothing},
    {"info", "*arguments, **options", nothing},
    {"warning", "*arguments, **options", nothing},
    {"warn", "*arguments, **options", nothing},
    {"error", "*arguments, **options", nothing},
    {"critical", "*arguments, **options", nothing},
    {"exception", "*arguments, **options", nothing},
    {"log", "*arguments, **options", nothing},
    {"disable", "level=50", nothing},
};
constexpr NativeClassRow kLoggingClasses[] = {
    {"Logger", "", kLoggerMethods},      {"StreamHandler", "", kLoggerMethods}, {"FileHandler", "", kLoggerMethods},
    {"NullHandler", "", kLoggerMethods}, {"Formatter", "", kLoggerMethods},
};
constexpr NativeConstantRow kLoggingConstants[] = {
    {"NOTSET", [](Evaluator&) { return integer(0); }}, {"DEBUG", [](Evaluator&) { return integer(10); }},
    {"INFO", [](Evaluator&) { return integer(20); }},  {"WARNING", [](Evaluator&) { return integer(30); }},
    {"ERROR", [](Evaluator&) { return integer(40); }}, {"CRITICAL", [](Evaluator&) { return integer(50); }},
};

/// Numbers that differ from run to run would make a model that differs from run to run.
constexpr NativeFunctionRow kRandom[] = {
    {"seed", "a=None, version=2", nothing},
    {"random", "", refuse},
    {"uniform", "a, b", refuse},
    {"randint", "a, b", refuse},
    {"randrange", "start, stop=None, step=1", refuse},
    {"gauss", "mu=0.0, sigma=1.0", refuse},
    {"normalvariate", "mu=0.0, sigma=1.0", refuse},
    {"choice", "sequence", refuse},
    {"choices", "population, *arguments, **options", refuse},
    {"sample", "population, k", refuse},
    {"shuffle", "x", refuse},
};

constexpr NativeModuleRow kModules[] = {
    {"os", kOs, {}, kOsConstants},
    {"os.path", kOsPath, {}, {}},
    {"sys", kSys, kSysClasses, kSysConstants},
    {"time", kTime, {}, {}},
    {"warnings", kWarnings, kWarningsClasses, {}},
    {"contextlib", kContextlib, kContextlibClasses, {}},
    {"logging", kLogging, kLoggingClasses, kLoggingConstants},
    {"random", kRandom, {}, {}},
};

}  // namespace

std::span<const NativeModuleRow> stdlib_system() { return kModules; }

}  // namespace lathe::torch
