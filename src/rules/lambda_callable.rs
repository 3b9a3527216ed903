//! SP101: a lambda reaches a callable slot.

use super::{Rule, RuleContext};
use crate::findings::Finding;
use crate::syntax::QueryFile;

static QUERY: QueryFile = QueryFile::new("lambda_callable", include_str!("../../queries/lambda_callable.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP101",
    name: "lambda-callable",
    summary: "a lambda without captures reaches a callable slot of a process API",
    query: &QUERY,
    page: include_str!("lambda_callable.md"),
    check,
};

fn check(_ctx: &RuleContext) -> Vec<Finding> {
    Vec::new()
}
