//! What expressions may be: objects, containers, instances, what calls give and callers pass.

pub(in crate::project) mod absent;
pub mod attributes;
pub(in crate::project) mod branches;
pub mod callers;
pub mod calls;
pub mod class_makers;
pub mod containers;
pub mod decorated;
pub(in crate::project) mod endless;
pub mod eval;
pub mod instances;
pub mod proxies;
pub mod reaching;
pub mod registering;
pub(in crate::project) mod registrations;
pub(in crate::project) mod stores;
pub mod value;
pub mod writes;
