//! The rules. One rule is one stem: `<rule>.rs`, `<rule>.md`, `queries/<rule>.scm`, `fixtures/<rule>/`.

mod closure;
mod context;
mod false_guard;
mod fork_inherited_state;
mod import_time_primitive;
mod inheritance_only_argument;
mod kept_lambda;
mod lambda_callable;
mod local_class;
mod local_function;
mod lost_write;
mod main_only_configuration;
mod main_only_function;
mod main_only_global;
mod misnamed_class;
mod misresolved_method;
mod named_lambda;
mod parent_changes;
mod sent_index;
mod short_lived_primitive;
mod start_method_at_import;
mod unguarded_process_start;
mod unguarded_side_effect;
mod unpicklable_argument;
mod unpicklable_exception;
mod unpicklable_instance;
mod unpicklable_process_attribute;
mod unpicklable_return;
mod unwrapped_decorator;

pub use context::{RuleContext, api_of};
pub use sent_index::SentIndex;

use crate::findings::Finding;
use crate::syntax::QueryFile;

/// One rule and everything that is known about it.
#[derive(Debug)]
pub struct Rule {
    /// `SP101` and so on, stable for ever.
    pub code: &'static str,
    /// The kebab-case name.
    pub name: &'static str,
    /// One line for lists: what it finds.
    pub summary: &'static str,
    /// Where to look.
    pub query: &'static QueryFile,
    /// The page that `explain` prints (Markdown).
    pub page: &'static str,
    /// Looks at one file.
    pub check: fn(&RuleContext) -> Vec<Finding>,
}

impl Rule {
    /// Where the page stands on the documentation site.
    pub fn address(&self) -> String {
        address(self.code)
    }
}

/// The address of the page of the rule with that code.
pub fn address(code: &str) -> String {
    format!("{}rules/{code}.html", env!("CARGO_PKG_HOMEPAGE"))
}

/// All rules, sorted by code.
pub const ALL: &[Rule] = &[
    lambda_callable::RULE,
    local_function::RULE,
    closure::RULE,
    named_lambda::RULE,
    main_only_function::RULE,
    unpicklable_instance::RULE,
    local_class::RULE,
    unwrapped_decorator::RULE,
    misresolved_method::RULE,
    misnamed_class::RULE,
    unpicklable_argument::RULE,
    unpicklable_return::RULE,
    unpicklable_process_attribute::RULE,
    unpicklable_exception::RULE,
    inheritance_only_argument::RULE,
    short_lived_primitive::RULE,
    unguarded_process_start::RULE,
    unguarded_side_effect::RULE,
    start_method_at_import::RULE,
    false_guard::RULE,
    main_only_global::RULE,
    lost_write::RULE,
    fork_inherited_state::RULE,
    import_time_primitive::RULE,
    main_only_configuration::RULE,
];

/// The rules that a text names: by code, by kebab-case name, or several by the start of their codes (`SP1`), in any case.
pub fn named(text: &str) -> Vec<&'static Rule> {
    if let Some(rule) = find(text) {
        return vec![rule];
    }
    let prefix = text.to_ascii_uppercase();
    let starts = |rule: &&Rule| prefix.starts_with("SP") && rule.code.starts_with(&prefix);
    ALL.iter().filter(starts).collect()
}

/// The rule with that code or kebab-case name, in any case.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| {
        rule.code.eq_ignore_ascii_case(code_or_name) || rule.name.eq_ignore_ascii_case(code_or_name)
    })
}
