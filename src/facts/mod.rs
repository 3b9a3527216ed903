//! What is true inside one file. Pure functions of text and tree; nothing here touches the disk.

pub mod scopes;
