//! Plain data: what was found, what can be done about it, and the report that all outputs render.

pub mod finding;
pub mod fingerprint;
pub mod fix;
pub mod refusal;
pub mod report;

pub use finding::{Finding, Fingerprint, Location, Related, Remedy, Severity, StartMethod};
pub use fix::{Applicability, FileEdit, Fix};
pub use refusal::{Reason, Refusal};
pub use report::{Change, Dispatches, FileError, Report, Summary, UnusedIgnore};
