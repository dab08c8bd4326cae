# Writes what `lathe help` makes of its tables: OUTPUT/man/lathe*.1 and OUTPUT/lathe.{bash,zsh,fish}.
#   cmake -DLATHE=program -DOUTPUT=folder -P write_help.cmake
function(write_help file)
  execute_process(COMMAND "${LATHE}" help ${ARGN} OUTPUT_FILE "${OUTPUT}/${file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${OUTPUT}")
file(MAKE_DIRECTORY "${OUTPUT}/man")
execute_process(COMMAND "${LATHE}" help --format=names OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[a-z]+" names "${names}")
write_help(man/lathe.1 --format=man)
foreach(name IN LISTS names)
  write_help(man/lathe-${name}.1 ${name} --format=man)
endforeach()
foreach(shell bash zsh fish)
  write_help(lathe.${shell} --format=${shell})
endforeach()
file(TOUCH "${OUTPUT}/stamp")
