//! What holds for any text: edits, indentation, the parser, and the engine on damaged programs, on those with many fixes,
//! and among other programs.

#[path = "../fixtures/case.rs"]
#[allow(dead_code)] // the golden test uses the rest
mod case;
mod damage;
mod edits;
mod indentation;
mod independence;
mod many_fixes;
mod memory;
mod parsing;
