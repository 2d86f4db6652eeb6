# tocsin_console(TARGET): puts the files of console/dist into TARGET as api::console_files().
# tools/console.sh makes console/dist; without it the table is empty and the node serves its API only.
enable_language(ASM)
function(tocsin_console target)
  set(dist ${CMAKE_SOURCE_DIR}/console/dist)
  set(out ${CMAKE_BINARY_DIR}/console)
  # A list file whose change means new, gone or other files; ninja looks at the glob before each build.
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${dist}/*)
  list(FILTER files EXCLUDE REGEX "/\\.[^/]*$|\\.map$")
  list(SORT files)
  list(LENGTH files count)
  if(count EQUAL 0)
    message(STATUS "console: console/dist is not there; the binary will have no console (tools/console.sh makes it)")
  else()
    message(STATUS "console: ${count} files of console/dist go into the binary")
  endif()
  list(JOIN files "\n" text)
  file(CONFIGURE OUTPUT ${out}/files.txt CONTENT "@text@\n" @ONLY)
  add_custom_command(
    OUTPUT ${out}/console_files.cpp ${out}/console_bytes.S
    COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tools/embed.py ${dist} ${out}/files.txt ${out}
    DEPENDS ${files} ${out}/files.txt ${CMAKE_SOURCE_DIR}/tools/embed.py
    COMMENT "console: compressing ${count} files"
    VERBATIM)
  target_sources(${target} PRIVATE ${out}/console_files.cpp ${out}/console_bytes.S)
  set_source_files_properties(${out}/console_bytes.S PROPERTIES OBJECT_DEPENDS ${out}/console_files.cpp)
  set_source_files_properties(${out}/console_files.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
