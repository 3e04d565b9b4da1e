"""What people see of a Result: text, tables, drawings and files. Every function here only reads."""
