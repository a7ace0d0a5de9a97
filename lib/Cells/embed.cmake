# Writes ${OUT}: one line {"name", R"cell(text)cell"}, for each file of ${CELLS}.
set(content "")
foreach(file IN LISTS CELLS)
  file(READ ${file} text)
  get_filename_component(name ${file} NAME_WE)
  string(APPEND content "{\"${name}\", R\"cell(${text})cell\"},\n")
endforeach()
file(WRITE ${OUT} "${content}")
