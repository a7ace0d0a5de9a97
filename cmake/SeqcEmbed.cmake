# Files as C arrays: cmake -DFILES="name=file;…" -DOUT=out.c -P SeqcEmbed.cmake defines
# `seqc_<name>[]` and `seqc_<name>_bytes` for each.
set(text "/* Made by cmake/SeqcEmbed.cmake. */\n")
foreach(pair ${FILES})
  string(REGEX MATCH "^([^=]+)=(.*)$" _ "${pair}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR bytes "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" hex "${hex}")
  string(APPEND text "extern const unsigned char seqc_${name}[];\n"
         "extern const unsigned long seqc_${name}_bytes;\n"
         "const unsigned char seqc_${name}[] = {\n${hex}};\n"
         "const unsigned long seqc_${name}_bytes = ${bytes};\n")
endforeach()
file(WRITE "${OUT}" "${text}")
