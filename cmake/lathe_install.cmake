# What is installed, in components, and the packages made from it.
#
#   runtime    liblathe_runtime.a, lathe/*.h, find_package(Lathe), lathe-runtime.pc
#   program    lathe, its manual pages and its completion for shells
#   compiler   the libraries of the compiler and their headers, for hosts that compile by themselves
#
# Included last: it looks at the targets that there are. The libraries of the compiler are those that lathe_compiler
# links, found by following its dependencies.

include_guard(GLOBAL)
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/Lathe")

# Every target named lathe_* that `target` links, itself included, but not the runtime.
function(lathe_linked_targets target result)
  set(found "${target}")
  set(pending "${target}")
  while(pending)
    list(POP_FRONT pending current)
    get_target_property(libraries "${current}" LINK_LIBRARIES)
    foreach(library IN LISTS libraries)
      if(library MATCHES "^lathe_" AND NOT library STREQUAL "lathe_runtime" AND NOT library IN_LIST found)
        list(APPEND found "${library}")
        list(APPEND pending "${library}")
      endif()
    endforeach()
  endwhile()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# Runtime.
install(TARGETS lathe_runtime EXPORT LatheRuntime ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/runtime/include/lathe" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT runtime)
install(EXPORT LatheRuntime NAMESPACE Lathe:: FILE LatheRuntimeTargets.cmake DESTINATION "${package_folder}" COMPONENT runtime)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/LatheConfig.cmake.in" "${CMAKE_CURRENT_BINARY_DIR}/LatheConfig.cmake"
  INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/LatheConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/LatheConfig.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/LatheConfigVersion.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/LatheAddModel.cmake"
  DESTINATION "${package_folder}" COMPONENT runtime)
file(RELATIVE_PATH pc_to_prefix "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/lathe-runtime.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/lathe-runtime.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/lathe-runtime.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT runtime)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT runtime)

if(TARGET lathe)
  # Manual pages and completion, from the program's own tables.
  set(help_folder "${CMAKE_BINARY_DIR}/help")
  add_custom_command(
    OUTPUT "${help_folder}/stamp"
    COMMAND "${CMAKE_COMMAND}" "-DLATHE=$<TARGET_FILE:lathe>" "-DOUTPUT=${help_folder}" -P "${CMAKE_CURRENT_LIST_DIR}/write_help.cmake"
    DEPENDS lathe "${CMAKE_CURRENT_LIST_DIR}/write_help.cmake"
    COMMENT "Writing manual pages and shell completion"
    VERBATIM)
  add_custom_target(lathe_help ALL DEPENDS "${help_folder}/stamp")
  install(TARGETS lathe EXPORT LatheProgram RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)
  install(EXPORT LatheProgram NAMESPACE Lathe:: FILE LatheProgramTargets.cmake DESTINATION "${package_folder}" COMPONENT program)
  install(DIRECTORY "${help_folder}/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT program)
  install(FILES "${help_folder}/lathe.bash" RENAME lathe DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT program)
  install(FILES "${help_folder}/lathe.zsh" RENAME _lathe DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" COMPONENT program)
  install(FILES "${help_folder}/lathe.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT program)
endif()

if(TARGET lathe_compiler)
  lathe_linked_targets(lathe_compiler compiler_targets)
  install(TARGETS ${compiler_targets} EXPORT LatheCompiler ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/lathe" COMPONENT compiler)
  install(EXPORT LatheCompiler NAMESPACE Lathe:: FILE LatheCompilerTargets.cmake DESTINATION "${package_folder}" COMPONENT compiler)
  foreach(folder ir compiler runtime)
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}" DESTINATION "${LATHE_COMPILER_INCLUDEDIR}" COMPONENT compiler
      FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "compiler/tools" EXCLUDE PATTERN "runtime/include" EXCLUDE PATTERN "runtime/kernels" EXCLUDE)
  endforeach()
endif()

# Packages: `cpack -G DEB` in the build folder.
set(CPACK_PACKAGE_NAME lathe)
set(CPACK_PACKAGE_VENDOR "Lathe")
set(CPACK_PACKAGE_CONTACT "The Lathe maintainers <lathe@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR TGZ)
find_program(LATHE_DPKG_SHLIBDEPS dpkg-shlibdeps)
if(LATHE_DPKG_SHLIBDEPS)
  list(PREPEND CPACK_GENERATOR DEB)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME lathe)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION devel)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME liblathe-runtime-dev)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_COMPILER_PACKAGE_NAME liblathe-compiler-dev)
  set(CPACK_DEBIAN_COMPILER_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_COMPILER_PACKAGE_DEPENDS "libfmt-dev, nlohmann-json3-dev, libzip-dev")
  if(LATHE_LLVM)
    string(APPEND CPACK_DEBIAN_COMPILER_PACKAGE_DEPENDS ", llvm-19-dev, zlib1g-dev, libzstd-dev")
  endif()
endif()
include(CPack)
include(CPackComponent)
cpack_add_component(runtime DISPLAY_NAME "Runtime" DESCRIPTION "What programs link that Lathe compiled ahead of time")
cpack_add_component(program DISPLAY_NAME "lathe" DESCRIPTION "The compiler as a program" DEPENDS runtime)
cpack_add_component(compiler DISPLAY_NAME "Libraries" DESCRIPTION "The compiler as libraries" DEPENDS runtime)
