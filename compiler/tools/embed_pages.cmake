# Writes OUTPUT, a C++ file with the pages of the folder PAGES as raw strings.
# cmake -DPAGES=docs/diagnostics -DOUTPUT=pages.cpp -P embed_pages.cmake
file(GLOB pages "${PAGES}/LT*.md")
list(SORT pages)
set(text "// Made by embed_pages.cmake from docs/diagnostics.\n#include \"compiler/tools/diagnostic_pages.h\"\n\n")
string(APPEND text "namespace lathe::tools {\nnamespace {\n\nconstexpr DiagnosticPage kPages[] = {\n")
foreach(page IN LISTS pages)
  get_filename_component(code "${page}" NAME_WE)
  file(READ "${page}" content)
  string(APPEND text "    {\"${code}\", R\"PAGE(${content})PAGE\"},\n")
endforeach()
string(APPEND text "};\n\n}  // namespace\n\nstd::span<const DiagnosticPage> diagnostic_pages() { return kPages; }\n\n")
string(APPEND text "}  // namespace lathe::tools\n")
file(WRITE "${OUTPUT}" "${text}")
