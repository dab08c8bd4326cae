# Writes OUTPUT, a C++ file with the page of FOLDER: report.html, in which `@style` and `@program` are replaced by the
# style sheet and the scripts (joined by blanks in SCRIPTS), parted where `@data` stands.
# cmake -DFOLDER=compiler/report/page -DSCRIPTS="a.js b.js" -DOUTPUT=page.cpp -P embed_page.cmake
file(READ "${FOLDER}/report.html" page)
file(READ "${FOLDER}/report.css" style)
set(program "")
separate_arguments(scripts UNIX_COMMAND "${SCRIPTS}")
foreach(script IN LISTS scripts)
  file(READ "${FOLDER}/${script}" content)
  string(APPEND program "${content}")
endforeach()

string(FIND "${page}" "@data" at)
string(SUBSTRING "${page}" 0 ${at} before)
math(EXPR at "${at} + 5")
string(SUBSTRING "${page}" ${at} -1 after)
string(REPLACE "@style" "${style}" before "${before}")
string(REPLACE "@program" "${program}" after "${after}")

set(text "// Made by embed_page.cmake from compiler/report/page.\n#include \"compiler/report/page_files.h\"\n\n")
string(APPEND text "namespace lathe::report {\n\nPageFiles page_files() {\n")
string(APPEND text "  return {R\"~PAGE~(${before})~PAGE~\", R\"~PAGE~(${after})~PAGE~\"};\n}\n\n}  // namespace lathe::report\n")
file(WRITE "${OUTPUT}" "${text}")
