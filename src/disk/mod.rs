//! Files as they lie on the disk: read without being held up by what is none, replaced without
//! losing what belongs to them. Knows nothing of Python and reports.

pub mod regular;

pub use regular::read;
