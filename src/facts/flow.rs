//! Temporary.
use crate::facts::scopes::{ScopeId, Scopes};
use crate::syntax::{NodeId, Tree};
pub fn definitely_bound_before(_s: &Scopes, _t: &Tree, _scope: ScopeId, _name: &str, _at: NodeId) -> bool {
    true
}
pub fn may_rebind_between(_s: &Scopes, _t: &Tree, _scope: ScopeId, _name: &str, _from: NodeId, _to: NodeId) -> bool {
    false
}
pub fn may_rebind_after(_s: &Scopes, _t: &Tree, _scope: ScopeId, _name: &str, _from: NodeId) -> bool {
    false
}
