# How Lathe's targets are declared: flags, libraries, programs, tests.
#
#   lathe_add_library(NAME SOURCES .. [DEPENDS ..] [PRIVATE_DEPENDS ..] [NO_EXCEPTIONS])
#   lathe_add_executable(NAME SOURCES .. [DEPENDS ..] [OUTPUT_NAME ..])
#   lathe_add_test(NAME SOURCES .. [DEPENDS ..] [LABELS ..] [TIMEOUT seconds])
#   lathe_link_llvm(TARGET component ..)
#
# A library is named for its folder: ir/base -> lathe_ir_base, ir/scalar -> lathe_ir_scalar, ir/graph -> lathe_ir_graph,
# ir/kernel -> lathe_ir_kernel, runtime -> lathe_runtime, compiler/frontend/onnx -> lathe_frontend_onnx,
# compiler/frontend/weights -> lathe_frontend_weights, compiler/passes -> lathe_passes, compiler/lower -> lathe_lower,
# compiler/codegen -> lathe_codegen, compiler/interp -> lathe_interp, compiler -> lathe_compiler.
# A name in DEPENDS may be declared later: CMake resolves it when it generates.

include_guard(GLOBAL)
include(GNUInstallDirs)
include(lathe_flags)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
# Below it the headers of ir/ and compiler/ are installed, under the names that #include gives them.
set(LATHE_COMPILER_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}/lathe-compiler")

find_package(Threads REQUIRED)
if(NOT LATHE_RUNTIME_ONLY)
  find_package(fmt 9 REQUIRED)
endif()

if(LATHE_LLVM AND NOT LATHE_RUNTIME_ONLY)
  find_package(LLVM 19.1 CONFIG REQUIRED)
  message(STATUS "LLVM ${LLVM_PACKAGE_VERSION} at ${LLVM_DIR}")
endif()

if(LATHE_PCH)
  lathe_define_precompiled_headers()
endif()

# Adds every folder in the given order.
function(lathe_add_folders)
  foreach(folder IN LISTS ARGN)
    add_subdirectory("${folder}")
  endforeach()
endfunction()

# A static library with Lathe's flags. Includes are written from the repository root.
# NO_EXCEPTIONS also turns run-time type information off: for code that ends in artefacts (the runtime).
function(lathe_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_EXCEPTIONS" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "lathe_add_library(${name}): SOURCES missing or unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_library(${name} STATIC ${arg_SOURCES})
  string(REGEX REPLACE "^lathe_" "" short_name "${name}")
  add_library(Lathe::${short_name} ALIAS ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME "${short_name}")
  lathe_set_flags(${name})
  target_include_directories(${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>" "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  if(NOT name STREQUAL "lathe_runtime")
    target_include_directories(${name} PUBLIC "$<INSTALL_INTERFACE:${LATHE_COMPILER_INCLUDEDIR}>")
  endif()
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
  if(arg_NO_EXCEPTIONS)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
  else()
    target_link_libraries(${name} PUBLIC fmt::fmt)
    lathe_use_precompiled(${name} library)
  endif()
endfunction()

# A program, left in <build>/bin. TEST: one that includes GoogleTest.
function(lathe_add_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TEST" "OUTPUT_NAME" "SOURCES;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "lathe_add_executable(${name}): SOURCES missing or unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${name} ${arg_SOURCES})
  lathe_set_flags(${name})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/runtime/include")
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} fmt::fmt Threads::Threads)
  if(arg_TEST)
    lathe_use_precompiled(${name} test)
  else()
    lathe_use_precompiled(${name} program)
  endif()
  if(arg_OUTPUT_NAME)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME "${arg_OUTPUT_NAME}")
  endif()
endfunction()

# A GoogleTest program, registered with CTest as one test under its own name. It runs from the source root.
# LABELS: unit, ops, golden, conformance, models, artifact, fuzz, arch; `long` keeps a test out of `./dev test`.
function(lathe_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "lathe_add_test(${name}): SOURCES missing or unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  find_package(GTest REQUIRED)
  lathe_add_executable(${name} TEST SOURCES ${arg_SOURCES} DEPENDS ${arg_DEPENDS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    LATHE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    LATHE_SHARED_DEFAULT="${PROJECT_SOURCE_DIR}/../shared")
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1 WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${LATHE_TEST_ENVIRONMENT}")
endfunction()

# Links LLVM statically (a shared libLLVM costs 20 ms at every start) and gives the target LLVM's include path.
# Only compiler/codegen/llvm_*.cpp include LLVM headers, so only lathe_codegen calls this.
function(lathe_link_llvm target)
  llvm_map_components_to_libnames(libraries ${ARGN})
  target_include_directories(${target} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
  separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
  target_compile_definitions(${target} PRIVATE LATHE_HAVE_LLVM=1)
  target_compile_options(${target} PRIVATE ${definitions})
  target_link_libraries(${target} PRIVATE ${libraries})
endfunction()
