//! The start method that a program chooses for itself: `set_start_method("fork")` on the way to a call, a fork context
//! wherever the system has one.

use crate::catalogue::Start;
use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::project::{Dispatch, Eval, FileId, Site, processes::starts};
use crate::syntax::{Field, Kind, NodeId, Tree};

/// How many callers are asked in turn for what they have set.
const MAX_CALLERS: u32 = 4;

/// The packages whose processes start by the method that `set_start_method` sets.
const FOLLOWERS: &[&str] = &["multiprocessing.", "concurrent.futures.", "asyncio.", "torch."];

/// What pytest calls before it collects or runs a test.
const HOOKS: &[&str] = &[
    "pytest_configure",
    "pytest_sessionstart",
    "pytest_load_initial_conftests",
    "pytest_addoption",
];

impl Eval<'_> {
    /// Gives the dispatches that one call may be the start method that the program has chosen for them.
    pub(in crate::project) fn settle_start(&self, found: &mut Vec<Dispatch>) {
        // Whoever takes a fork context where there is one has chosen: the rest is for systems that cannot fork. On macOS alone
        // it is chosen for another reason, and Linux is left to its default.
        let for_macos = |dispatch: &Dispatch| self.forks_on_macos_alone(dispatch.call.file);
        let forked =
            found.iter().filter(|dispatch| dispatch.start == Start::Fork && !for_macos(dispatch));
        let forked: Vec<_> = forked.map(|dispatch| dispatch.entry).collect();
        found.retain(|dispatch| {
            dispatch.start != Start::Platform || !forked.contains(&dispatch.entry)
        });
        for dispatch in found {
            let follows = || {
                dispatch
                    .api(self.project)
                    .paths
                    .iter()
                    .any(|path| FOLLOWERS.iter().any(|package| path.starts_with(package)))
            };
            if dispatch.start == Start::Platform
                && follows()
                && (self.is_fork_asked_for(dispatch.call)
                    || self.is_fork_set_somewhere(dispatch.call))
            {
                dispatch.start = Start::Fork;
            }
        }
    }

    /// Whether a file seems to take a fork context on macOS alone: by the test around it, or else because it speaks of macOS.
    fn forks_on_macos_alone(&self, file: FileId) -> bool {
        let facts = self.file(file);
        let is_fork = |call: &NodeId| {
            let site = Site { file, node: *call };
            starts::called_name(self, site) == "get_context"
                && self
                    .argument(site, "method", 0)
                    .is_some_and(|method| self.string_literal(method) == Some("fork"))
        };
        let forking = facts.calls.iter().filter(|call| is_fork(call));
        let mut tests = forking.flat_map(|call| facts.tests_around(*call));
        let speaks_of = |text: &str, word: &str| text.to_ascii_lowercase().contains(word);
        let is_alone = |test: NodeId| {
            let text = facts.text(test);
            (speaks_of(text, "darwin") || speaks_of(text, "mac")) && !speaks_of(text, "linux")
        };
        match tests.next() {
            Some(first) => is_alone(first) || tests.any(is_alone),
            None => speaks_of(facts.all(), "darwin"),
        }
    }

    /// Whether a place is only reached where the start method is fork: `if get_start_method() == "fork":`.
    fn is_fork_asked_for(&self, place: Site) -> bool {
        let facts = self.file(place.file);
        let tree = facts.tree();
        let mut at = place.node;
        while let Some(up) = tree.parent(at) {
            let chosen = matches!(tree.kind(up), Kind::IfStatement | Kind::ElifClause)
                && tree.field(at) == Field::Consequence;
            let test = tree
                .child(up, Field::Condition)
                .filter(|_| chosen)
                .map_or("", |test| facts.text(test));
            if test.contains("start_method")
                && (test.ends_with("== \"fork\"") || test.ends_with("== 'fork'"))
            {
                return true;
            }
            at = up;
        }
        false
    }

    fn is_fork_set_somewhere(&self, place: Site) -> bool {
        self.project.sets_start_method()
            && (self.is_fork_set(place, MAX_CALLERS, true) || self.is_fork_set_around(place.file))
    }

    /// Whether a module that runs before any module of its folder sets fork: the package itself, and pytest's `conftest.py`, also
    /// in its hooks and automatic fixtures.
    fn is_fork_set_around(&self, file: FileId) -> bool {
        let own = std::path::Path::new(&self.file(file).source.path);
        self.project.files().any(|(other, facts)| {
            let path = std::path::Path::new(&facts.source.path);
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_around = other != file
                && matches!(name, "conftest.py" | "__init__.py")
                && path.parent().is_some_and(|folder| own.starts_with(folder))
                && facts.all().contains("set_start_method");
            is_around
                && (self.set_at_import(facts, other)
                    || name == "conftest.py" && self.set_by_hooks(facts, other))
        })
    }

    /// Whether a hook that pytest runs before all tests, or a fixture that it uses for all of them, sets fork.
    fn set_by_hooks(&self, facts: &FileFacts, file: FileId) -> bool {
        let runs_first = |call: NodeId| {
            let Some(function) = facts.enclosing_function(call) else { return false };
            HOOKS.contains(&facts.definition_name(function))
                || facts
                    .decorators(function)
                    .into_iter()
                    .any(|decorator| facts.text(decorator).contains("autouse=True"))
        };
        let calls = facts.calls.iter().copied().filter(|call| runs_first(*call));
        calls.filter_map(|call| self.sets_fork(Site { file, node: call })).last() == Some(true)
    }

    /// Whether `set_start_method("fork")` has surely run when `place` does; `is_own` says whether the import of its module
    /// counts. What modules of callers set as they are imported is theirs: the function may be imported without them.
    fn is_fork_set(&self, place: Site, callers: u32, is_own: bool) -> bool {
        let facts = self.file(place.file);
        let function = facts.enclosing_function(place.node);
        if let Some(is_fork) = self.set_in_suites(place, function) {
            return is_fork;
        }
        let Some(function) = function else { return is_own && self.set_by_imports(place.file) };
        let called = if callers == 0 {
            Vec::new()
        } else {
            self.callers(Site { file: place.file, node: function })
        };
        let by_callers = !called.is_empty()
            && called
                .into_iter()
                .all(|call| self.is_fork_set(call, callers - 1, is_own && call.file == place.file));
        by_callers
            || is_own && (self.set_at_import(facts, place.file) || self.set_by_imports(place.file))
    }

    /// Whether a module of the project that this one imports sets fork when it is imported.
    fn set_by_imports(&self, file: FileId) -> bool {
        self.project.files().any(|(other, facts)| {
            let sets = other != file
                && facts.all().contains("set_start_method")
                && self.set_at_import(facts, other);
            let by_this = |import: &Site| {
                import.file == file
                    && suite_of(self.file(file), import.node)
                        .is_some_and(|suite| suite == Tree::ROOT)
            };
            sets && self.project.importers(&facts.source.path).iter().any(by_this)
        })
    }

    /// What the last call of `set_start_method` before `place` in the same function sets, if it surely runs: whether that
    /// is fork.
    fn set_in_suites(&self, place: Site, function: Option<NodeId>) -> Option<bool> {
        let facts = self.file(place.file);
        let tree = facts.tree();
        let before = facts.calls.iter().copied().filter(|call| {
            tree.end(*call) <= tree.start(place.node) && facts.enclosing_function(*call) == function
        });
        let surely = before.filter(|call| {
            suite_of(facts, *call).is_some_and(|suite| tree.contains(suite, place.node))
        });
        surely.filter_map(|call| self.sets_fork(Site { file: place.file, node: call })).last()
    }

    /// Whether the module sets fork when it is imported: all that functions do comes later.
    fn set_at_import(&self, facts: &FileFacts, file: FileId) -> bool {
        let tree = facts.tree();
        let at_import = |call: &NodeId| {
            facts.enclosing_function(*call).is_none()
                && suite_of(facts, *call).is_some_and(|suite| tree.kind(suite) == Kind::Module)
        };
        facts
            .calls
            .iter()
            .copied()
            .filter(at_import)
            .filter_map(|call| self.sets_fork(Site { file, node: call }))
            .last()
            == Some(true)
    }

    /// Whether a call sets the start method to fork; `None` if it sets none.
    fn sets_fork(&self, call: Site) -> Option<bool> {
        (starts::called_name(self, call) == "set_start_method").then(|| {
            let method = self.argument(call, "method", 0);
            method.is_some_and(|method| {
                self.string_literal(method) == Some("fork")
                    || self.is_fork_where_there_is_one(method)
            })
        })
    }

    /// Whether an expression names fork for every system but Windows: `"spawn" if os.name == "nt" else "fork"`, also by a
    /// variable that is bound to it.
    pub(in crate::project) fn is_fork_where_there_is_one(&self, method: Site) -> bool {
        let facts = self.file(method.file);
        let tree = facts.tree();
        let mut node = tree.unparenthesized(method.node);
        if let Some((home, name)) = facts.scopes.resolve_name(node)
            && let [binding] = facts.scopes.bindings(home, name)
            && let BindingKind::Assignment { value: Some(value), .. } = binding.kind
        {
            node = tree.unparenthesized(value);
        }
        let parts: Vec<NodeId> = tree.children(node).collect();
        let [then, test, otherwise] = parts.as_slice() else { return false };
        let chosen = match on_windows(facts.text(*test))
            .filter(|_| tree.kind(node) == Kind::ConditionalExpression)
        {
            Some(true) => *otherwise,
            Some(false) => *then,
            None => return false,
        };
        self.string_literal(Site { file: method.file, node: chosen }) == Some("fork")
    }
}

/// Whether a test is true on Windows alone (`Some(true)`) or everywhere else (`Some(false)`).
fn on_windows(test: &str) -> Option<bool> {
    let text = test.replace('"', "'").to_ascii_lowercase();
    let windows = ["'win32'", "'windows'", "'nt'", "startswith('win')", "is_windows"]
        .iter()
        .any(|name| text.contains(name));
    let unix = text.contains("'posix'") || text.contains("hasattr(os, 'fork')");
    if windows == unix || text.contains("darwin") || text.contains(" or ") || text.contains(" and ")
    {
        return None;
    }
    let negated = text.contains("!=") || text.contains("not ");
    Some(windows != negated)
}

/// The statements among which a call surely runs: those around it, apart from a `try` for the case that the method is set
/// already, and from a branch for all systems that can fork.
fn suite_of(facts: &FileFacts, call: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let mut suites =
        tree.ancestors(call).filter(|up| matches!(tree.kind(*up), Kind::Block | Kind::Module));
    suites.find(|suite| {
        let Some(up) = tree.parent(*suite) else { return true };
        let test = |statement: NodeId| {
            tree.child(statement, Field::Condition).and_then(|test| on_windows(facts.text(test)))
        };
        match tree.kind(up) {
            Kind::TryStatement => tree.field(*suite) != Field::Body,
            Kind::IfStatement => test(up) != Some(false),
            Kind::ElseClause => {
                let chosen = tree.parent(up).filter(|whole| {
                    tree.kind(*whole) == Kind::IfStatement
                        && tree.child_of_kind(*whole, Kind::ElifClause).is_none()
                });
                chosen.and_then(test) != Some(true)
            }
            _ => true,
        }
    })
}
