# lathe_add_model(TARGET MODEL [NAME name] [OPTIONS ..] [DEPENDS files ..])
#
# Compiles MODEL with `lathe compile` when TARGET is built, and again when the model, a file of DEPENDS or the compiler
# changes. TARGET gets the object, the folder of the generated headers NAME.h and NAME.hpp, and the runtime:
#
#   add_executable(server server.cpp)
#   lathe_add_model(server models/net.onnx OPTIONS --cpu x86-64-v3 --weights=file)
#
# NAME is what the model's functions begin with, by default the name of its file. OPTIONS are those of `lathe compile`;
# with --weights=file the file is written beside the headers, and NAME_WEIGHTS is set to its path. DEPENDS names files
# that the model reads besides itself: weights, external data.
#
# The program is that of this package. A package for another machine has none; then `lathe` is looked for on the PATH, or
# LATHE_PROGRAM names it, and compiles for the machine of the toolchain file.
include_guard(GLOBAL)

function(lathe_add_model target model)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME" "OPTIONS;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lathe_add_model(${target}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(program Lathe::lathe)
  if(NOT TARGET Lathe::lathe)
    find_program(LATHE_PROGRAM lathe DOC "The compiler that lathe_add_model runs")
    if(NOT LATHE_PROGRAM)
      message(FATAL_ERROR "lathe_add_model(${target}): the program `lathe` is not found; LATHE_PROGRAM names it")
    endif()
    set(program "${LATHE_PROGRAM}")
  endif()
  # `net.py:Net` names a class of a file.
  set(class "")
  set(file "${model}")
  if(model MATCHES "^(.*\\.py)(:[A-Za-z_0-9]+)$")
    set(file "${CMAKE_MATCH_1}")
    set(class "${CMAKE_MATCH_2}")
  endif()
  cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
  if(NOT arg_NAME)
    cmake_path(GET file STEM LAST_ONLY stem)
    string(MAKE_C_IDENTIFIER "${stem}" arg_NAME)
  endif()
  if(CMAKE_CROSSCOMPILING AND NOT arg_OPTIONS MATCHES "--target")
    list(APPEND arg_OPTIONS "--target=${CMAKE_SYSTEM_PROCESSOR}-linux-gnu")
  endif()

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}_models")
  file(MAKE_DIRECTORY "${folder}")
  set(object "${folder}/${arg_NAME}.o")
  set(headers "${folder}/${arg_NAME}.h" "${folder}/${arg_NAME}.hpp")
  set(weights "")
  if("--weights=file" IN_LIST arg_OPTIONS)
    set(weights "${folder}/${arg_NAME}.weights")
    set("${arg_NAME}_WEIGHTS" "${weights}" PARENT_SCOPE)
  endif()
  add_custom_command(
    OUTPUT "${object}" ${headers} ${weights}
    COMMAND "${program}" compile "${file}${class}" -o "${object}" --name "${arg_NAME}" ${arg_OPTIONS}
    DEPENDS "${file}" "${program}" ${arg_DEPENDS}
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
    COMMENT "Compiling ${arg_NAME} with lathe"
    VERBATIM)
  set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  set_source_files_properties(${headers} PROPERTIES GENERATED TRUE)
  target_sources("${target}" PRIVATE "${object}" ${headers})
  target_include_directories("${target}" PUBLIC "$<BUILD_INTERFACE:${folder}>")
  target_link_libraries("${target}" PRIVATE Lathe::runtime)
endfunction()
