//! Tests that mean what they do: a block that expects pickling to fail, a pool that a mock stands in for.

use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind, NodeId};

/// What calls of testing libraries are named that expect an exception.
const EXPECTING: &[&str] = &["raises", "assertRaises", "assertRaisesRegex"];

/// What the names of exceptions say that pickling raises.
const FAILURES: &[&str] = &["ickl", "AttributeError", "TypeError"];

/// What calls are named that put something else in the place of a name.
const PATCHING: &[&str] = &["patch", "patch.object", "setattr"];

/// Classes whose stand-ins start no processes.
const PATCHED: &[&str] = &["Pool", "ProcessPoolExecutor", "Process", "Parallel", "process_map"];

/// The mark that runs the body of a test as a program of its own.
const OWN_PROGRAM: &str = "mark.subprocess";

impl Eval<'_> {
    /// Whether a test expects that what it hands over at a place, for `call` to send it, cannot be pickled, or hands it to a
    /// stand-in.
    pub(in crate::project) fn is_staged(&self, site: Site, call: Site) -> bool {
        let text = self.file(site.file).all();
        let (expects, patches) =
            (EXPECTING[..2].iter().any(|word| text.contains(word)), text.contains("patch"));
        let is_program = text.contains(OWN_PROGRAM) && self.is_own_program(site);
        is_program
            || (expects && (self.expects_failure(site) || self.expects_it_of_the_start(call)))
            || (patches && self.stands_beside_a_patch(site, call))
    }

    /// Whether two places are in two tests, of which none calls the other: what one keeps in an object of the module does
    /// not reach the other.
    pub(in crate::project) fn are_in_two_tests(&self, one: Site, other: Site) -> bool {
        let tests = self.test_around(one).zip(self.test_around(other));
        tests.is_some_and(|(one, other)| one != other)
    }

    /// The test around a place: a function that only a test runner calls.
    fn test_around(&self, place: Site) -> Option<Site> {
        let facts = self.file(place.file);
        let tree = facts.tree();
        let outermost = tree
            .ancestors(place.node)
            .filter(|up| tree.kind(*up) == Kind::FunctionDefinition)
            .last()?;
        let name = facts.definition_name(outermost);
        (name.starts_with("test") && self.project.calls_named(name).is_empty())
            .then_some(Site { file: place.file, node: outermost })
    }

    /// Whether the place is in a test whose body is run as a program of its own, where its functions are a module's.
    fn is_own_program(&self, site: Site) -> bool {
        let facts = self.file(site.file);
        let tree = facts.tree();
        let functions =
            tree.ancestors(site.node).filter(|up| tree.kind(*up) == Kind::FunctionDefinition);
        let mut decorators = functions.flat_map(|function| facts.decorators(function));
        decorators.any(|decorator| facts.text(decorator).contains(OWN_PROGRAM))
    }

    /// `with pytest.raises(pickle.PicklingError):` around the place; before 3.14 it was an `AttributeError`.
    fn expects_failure(&self, site: Site) -> bool {
        let facts = self.file(site.file);
        let tree = facts.tree();
        let mut blocks =
            tree.ancestors(site.node).filter(|up| tree.kind(*up) == Kind::WithStatement);
        blocks.any(|block| {
            let clause = tree.child_of_kind(block, Kind::WithClause);
            let calls = clause
                .into_iter()
                .flat_map(|clause| tree.subtree(clause))
                .filter(|node| tree.kind(*node) == Kind::Call);
            let meant = |call: NodeId| {
                tree.child(call, Field::Arguments).map_or("", |list| facts.text(list))
            };
            let expecting = |call: &NodeId| {
                let callee =
                    tree.child(*call, Field::Function).map_or("", |callee| facts.text(callee));
                EXPECTING.contains(&crate::catalogue::last_part(callee))
            };
            calls
                .filter(expecting)
                .any(|call| FAILURES.iter().any(|failure| meant(call).contains(failure)))
        }) || self.expects_it_of_a_call(site)
    }

    /// Whether all starts of the process that `call` makes are expected to fail: it is pickled by none but them.
    fn expects_it_of_the_start(&self, call: Site) -> bool {
        let starts = self.starts_of_process(call);
        !starts.is_empty() && starts.into_iter().all(|start| self.expects_failure(start))
    }

    /// `self.assertRaises(pickle.PicklingError, future.result)` behind the place, in the same function.
    fn expects_it_of_a_call(&self, site: Site) -> bool {
        let facts = self.file(site.file);
        let tree = facts.tree();
        let function = facts.enclosing_function(site.node);
        let behind = facts.calls.iter().filter(|call| {
            tree.start(**call) > tree.start(site.node)
                && facts.enclosing_function(**call) == function
        });
        function.is_some()
            && behind.copied().any(|call| {
                let callee =
                    tree.child(call, Field::Function).map_or("", |callee| facts.text(callee));
                let given = self.positional_arguments(Site { file: site.file, node: call });
                EXPECTING.contains(&crate::catalogue::last_part(callee))
                    && given.len() > 1
                    && facts.text(given[0].node).contains("ickl")
            })
    }

    /// `with patch("jobs.Pool"):`, `@patch("jobs.Pool")` or `monkeypatch.setattr(jobs, "Pool", …)` in or at a function around
    /// the place; or the same with the function or class of `call`, where that stands elsewhere.
    fn stands_beside_a_patch(&self, site: Site, call: Site) -> bool {
        let facts = self.file(site.file);
        let tree = facts.tree();
        let sender = self.file(call.file);
        let around = sender.tree().ancestors(call.node).filter(|up| {
            matches!(sender.tree().kind(*up), Kind::FunctionDefinition | Kind::ClassDefinition)
                && !(call.file == site.file && tree.contains(*up, site.node))
        });
        let senders: Vec<&str> = around.map(|up| sender.definition_name(up)).collect();
        let functions =
            tree.ancestors(site.node).filter(|up| tree.kind(*up) == Kind::FunctionDefinition);
        let mut calls = functions
            .flat_map(|function| tree.subtree(facts.with_decorators(function)))
            .filter(|node| tree.kind(*node) == Kind::Call);
        calls.any(|call| {
            let callee = tree.child(call, Field::Function).map_or("", |callee| facts.text(callee));
            let patches = PATCHING.iter().any(|name| {
                callee == *name || callee.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
            });
            let arguments = || self.positional_arguments(Site { file: site.file, node: call });
            patches
                && arguments()
                    .into_iter()
                    .filter_map(|argument| self.string_literal(argument))
                    .map(crate::catalogue::last_part)
                    .any(|name| PATCHED.contains(&name) || senders.contains(&name))
        })
    }
}
