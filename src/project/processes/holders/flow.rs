//! Who gives its value to whom.

use super::expressions::{GIVE_OUT, Vocabulary};
use super::kinds::{Kinds, Step};
use super::signatures::{Class, Signature};
use super::{Holders, Key, Page};
use crate::catalogue::{Catalogue, Entry, EntryKind, Verdict, last_part};
use crate::project::Project;
use crate::project::processes::starts::{THREAD_POOLS, THREADS};
use crate::syntax::{Field, Kind, NodeId, Tree};
use rustc_hash::{FxHashMap, FxHashSet};

/// Functions and classes whose calls hold what they are given.
const PASS_ON: &[&str] = &[
    "partial",
    "getattr",
    "closing",
    "aclosing",
    "nullcontext",
    "staticmethod",
    "list",
    "tuple",
    "set",
    "sorted",
    "reversed",
    "frozenset",
    "iter",
    "next",
    "enumerate",
    "zip",
    "copy",
    "deepcopy",
    "cast",
    "enter_context",
    "enter_async_context",
    "enterContext",
    "enterAsyncContext",
];

/// Methods that put an argument into their object.
const PUT: &[&str] = &["append", "appendleft", "add", "insert", "extend", "update", "setdefault"];

/// Special methods whose result is what an object of the class is used for.
const GIVING: &[&str] = &["__call__", "__iter__", "__next__", "__getattr__", "__get__", "__new__"];

/// Where a value goes.
#[derive(Debug, Clone, Copy)]
enum To<'t> {
    Key(Key<'t>),
    /// To the parameters that the argument with that number in [`Flow::arguments`] may be for.
    Argument(u32),
}

/// An argument of a call.
#[derive(Debug, Clone, Copy)]
struct Argument<'t> {
    page: Page<'t>,
    callee: NodeId,
    called: &'t str,
    node: NodeId,
    /// Its place among the arguments.
    at: usize,
}

/// The edges between all variables and names of a project.
#[derive(Debug, Default)]
pub(super) struct Flow<'t> {
    edges: FxHashMap<Key<'t>, Vec<(Step, To<'t>)>>,
    arguments: Vec<Argument<'t>>,
    seeds: Vec<Key<'t>>,
    functions: FxHashMap<String, Vec<Signature<'t>>>,
    classes: FxHashMap<String, Vec<Class<'t>>>,
    words: Vocabulary<'t>,
    /// The modules of the catalogue and its classes and functions, as dotted paths.
    paths: FxHashSet<&'t str>,
}

impl<'t> Argument<'t> {
    /// What alone decides which parameters it may be for: what is called, the keyword, its place. `None` where the class
    /// around it counts as well.
    fn label(self) -> Option<(&'t str, &'t str, usize)> {
        let (facts, tree) = (self.page.facts, self.page.facts.tree());
        let (keyword, at) = match tree.kind(self.node) {
            Kind::KeywordArgument => {
                (tree.child(self.node, Field::Name).map_or("", |name| facts.text(name)), 0)
            }
            Kind::ListSplat | Kind::DictionarySplat => ("*", 0),
            _ => ("", self.at),
        };
        (self.called != "__init__").then_some((self.called, keyword, at))
    }
}

impl<'t> Flow<'t> {
    /// No edges yet; what is reached starts at the names of the catalogue.
    pub(super) fn of(catalogue: &'t Catalogue) -> Self {
        let mut flow = Self::default();
        flow.words.pass_on.extend(PASS_ON);
        // A queue or a context starts nothing itself, but its methods and attributes send.
        let sends = |entry: &Entry| entry.verdict != Verdict::Never;
        let receivers: FxHashSet<&str> = catalogue
            .entries()
            .filter(|row| sends(row.1))
            .flat_map(|row| &row.1.receiver)
            .map(String::as_str)
            .collect();
        let is_context =
            |entry: &Entry| entry.paths.iter().any(|path| last_part(path) == "get_context");
        let matters = |entry: &&Entry| {
            sends(entry) || receivers.contains(entry.id.as_str()) || is_context(entry)
        };
        for entry in catalogue.entries().map(|row| row.1).filter(matters) {
            let paths = entry.paths.iter().map(String::as_str);
            match entry.kind {
                EntryKind::Method => flow.words.parts.extend(paths.clone().map(last_part)),
                _ => paths.clone().for_each(|path| flow.add_path(path)),
            }
            if entry.kind == EntryKind::Class
                || receivers.contains(entry.id.as_str())
                || is_context(entry)
            {
                flow.words.makers.extend(paths.map(last_part));
            }
        }
        for path in THREADS.iter().chain(THREAD_POOLS) {
            flow.add_path(path);
            flow.words.makers.insert(last_part(path));
        }
        flow.words.parts.extend(["func", "start", "run"]);
        // What the project adds is known where it is defined, too.
        flow.seeds.extend(
            catalogue
                .added()
                .flat_map(|entry| &entry.paths)
                .map(|path| Key::named(last_part(path))),
        );
        flow
    }

    fn add_path(&mut self, path: &'t str) {
        let ends = path.char_indices().filter(|(_, c)| *c == '.').map(|(at, _)| &path[..at]);
        self.paths.extend(ends.chain([path]));
        self.words.parts.extend(path.split('.'));
    }

    /// Everything that can be reached from the names of the catalogue.
    pub(super) fn reached(&self) -> Holders {
        let mut found = Holders::default();
        let mut waiting: Vec<(Key, Kinds)> =
            self.seeds.iter().map(|seed| (*seed, Kinds::HELD)).collect();
        let mut taken: FxHashMap<(&str, &str, usize), Kinds> = FxHashMap::default();
        while let Some((key, kinds)) = waiting.pop() {
            let fresh = found.add(key, kinds);
            if fresh == Kinds::NONE {
                continue;
            }
            for (step, to) in self.edges.get(&key).into_iter().flatten() {
                let given = step.of(fresh);
                match *to {
                    _ if given == Kinds::NONE => {}
                    To::Key(next) => waiting.push((next, given)),
                    To::Argument(number) => {
                        let argument = self.arguments[number as usize];
                        if let Some(label) = argument.label() {
                            let known = taken.entry(label).or_default();
                            if given.without(*known) == Kinds::NONE {
                                continue;
                            }
                            *known = known.with(given);
                        }
                        let parameters = self.parameters_for(argument);
                        waiting.extend(parameters.into_iter().map(|parameter| (parameter, given)));
                    }
                }
            }
        }
        found
    }

    /// What a file defines, by every name that it has.
    pub(super) fn add_definitions(&mut self, page: Page<'t>, project: &Project) {
        let (facts, tree) = (page.facts, page.facts.tree());
        for node in tree.subtree(Tree::ROOT) {
            match tree.kind(node) {
                Kind::FunctionDefinition => self.add_function(
                    facts.definition_name(node),
                    &Signature::of(page, node),
                    project,
                ),
                Kind::ClassDefinition => {
                    for name in project.names_of(facts.definition_name(node)) {
                        self.classes.entry(name).or_default().push(Class::of(page, node));
                    }
                }
                Kind::Assignment => {
                    let lambda = tree
                        .child(node, Field::Right)
                        .filter(|right| tree.kind(*right) == Kind::Lambda);
                    if let (Some(lambda), Some(name)) = (
                        lambda,
                        tree.child(node, Field::Left).and_then(|left| page.last_text(left)),
                    ) {
                        self.add_function(name, &Signature::of(page, lambda), project);
                    }
                }
                Kind::AliasedImport => {
                    let name =
                        tree.child(node, Field::Name).map(|name| last_part(facts.text(name)));
                    let alias = tree
                        .child(node, Field::Alias)
                        .filter(|_| name.is_some_and(|name| PASS_ON.contains(&name)));
                    self.words.pass_on.extend(alias.map(|alias| facts.text(alias)));
                }
                _ => {}
            }
        }
    }

    fn add_function(&mut self, name: &str, signature: &Signature<'t>, project: &Project) {
        for other in project.names_of(name) {
            let known = if other == name { signature.clone() } else { signature.without_order() };
            self.functions.entry(other).or_default().push(known);
        }
    }

    /// Each of `from` may come to each of `to`, and takes the step `last` there.
    fn edges(&mut self, from: Vec<(Key<'t>, Step)>, last: Step, to: &[Key<'t>]) {
        for (source, step) in from {
            let edges = self.edges.entry(source).or_default();
            edges.extend(to.iter().map(|target| (step.then(last), To::Key(*target))));
        }
    }

    /// Who gives what to whom in a file, whose definitions and those of all others are known.
    pub(super) fn add_edges(&mut self, page: Page<'t>) {
        let tree = page.facts.tree();
        for node in tree.subtree(Tree::ROOT) {
            match tree.kind(node) {
                Kind::Assignment | Kind::AugmentedAssignment => {
                    let target = tree.child(node, Field::Left);
                    self.gives(page, tree.child(node, Field::Right), target);
                    if let (Some(annotation), Some(target)) =
                        (tree.child(node, Field::Type), target)
                    {
                        self.edges(page.words(annotation), Step::USED, &page.targets(target));
                    }
                }
                Kind::NamedExpression => {
                    self.gives(page, tree.child(node, Field::Value), tree.child(node, Field::Name));
                }
                Kind::ForStatement | Kind::ForInClause => {
                    self.gives(page, tree.child(node, Field::Right), tree.child(node, Field::Left));
                }
                Kind::AsPattern => {
                    let mut parts = tree.children(node);
                    self.gives(page, parts.next(), parts.next());
                }
                Kind::ReturnStatement | Kind::Yield => self.given_back(page, node),
                Kind::ClassDefinition => {
                    let bases = tree.child(node, Field::Superclasses);
                    let bases = bases.map(|list| page.names(list)).unwrap_or_default();
                    self.edges(bases, Step::USED, page.definition(node).as_slice());
                }
                Kind::FunctionDefinition | Kind::Lambda => self.parameters(page, node),
                Kind::Decorator => {
                    let definition =
                        tree.parent(node).and_then(|up| tree.child(up, Field::Definition));
                    let definition = definition.and_then(|definition| page.definition(definition));
                    self.edges(page.names(node), Step::USED, definition.as_slice());
                }
                Kind::Call => self.call(page, node),
                Kind::ImportStatement | Kind::ImportFromStatement => self.import(page, node),
                _ => {}
            }
        }
    }

    fn gives(&mut self, page: Page<'t>, value: Option<NodeId>, target: Option<NodeId>) {
        if let (Some(value), Some(target)) = (value, target) {
            self.edges(page.sources(value, &self.words), Step::SAME, &page.targets(target));
        }
    }

    /// A `return` or `yield`: what calls of the function give; what the special methods of a class give, its objects may be
    /// asked for.
    fn given_back(&mut self, page: Page<'t>, node: NodeId) {
        let tree = page.facts.tree();
        let (Some(value), Some(function)) =
            (tree.children(node).next(), tree.enclosing(node, &[Kind::FunctionDefinition]))
        else {
            return;
        };
        let name = page.facts.definition_name(function);
        let class = tree
            .enclosing(function, &[Kind::ClassDefinition])
            .filter(|_| GIVING.contains(&name) || GIVE_OUT.contains(&name));
        let step = if class.is_some() { Step::BEHIND } else { returned(page, function) };
        let definition = page.definition(class.unwrap_or(function));
        self.edges(page.sources(value, &self.words), step, definition.as_slice());
    }

    /// What defaults and annotations say of parameters.
    fn parameters(&mut self, page: Page<'t>, function: NodeId) {
        let tree = page.facts.tree();
        if let Some(given) = tree.child(function, Field::ReturnType) {
            let definition = page.definition(function);
            self.edges(page.words(given), returned(page, function), definition.as_slice());
        }
        for parameter in
            tree.child(function, Field::Parameters).into_iter().flat_map(|list| tree.children(list))
        {
            let Some(key) = page.parameter(parameter) else { continue };
            if let Some(annotation) = tree.child(parameter, Field::Type) {
                self.edges(page.words(annotation), Step::USED, &[key]);
            }
            if let Some(default) = tree.child(parameter, Field::Value) {
                self.edges(page.sources(default, &self.words), Step::SAME, &[key]);
            }
        }
    }

    fn call(&mut self, page: Page<'t>, call: NodeId) {
        let (facts, tree) = (page.facts, page.facts.tree());
        let (Some(callee), Some(list)) =
            (tree.child(call, Field::Function), tree.child(call, Field::Arguments))
        else {
            return;
        };
        let arguments: Vec<NodeId> = tree.children(list).collect();
        let Some(mut called) = page.last_text(callee) else { return };
        if PUT.contains(&called)
            && let Some(object) = tree.child(callee, Field::Object)
        {
            let from = arguments.iter().flat_map(|each| page.sources(*each, &self.words)).collect();
            self.edges(from, Step::SAME, &page.targets(object));
        }
        if called == "setattr"
            && let [_, name, value] = arguments.as_slice()
            && let Some(name) = tree.child_of_kind(*name, Kind::StringContent)
        {
            let attribute = Key::named(facts.text(name));
            self.edges(page.sources(*value, &self.words), Step::SAME, &[attribute]);
        }
        let mut given = arguments.as_slice();
        if called == "run_in_executor" {
            // What an executor of the project gets from a loop.
            called = "submit";
        }
        if self.words.pass_on.contains(called)
            && let Some((inner, rest)) = given.split_first()
            && let Some(inner) = page.last_text(*inner)
        {
            (called, given) = (inner, rest);
        }
        if called != "__init__"
            && !self.functions.contains_key(called)
            && !self.classes.contains_key(called)
        {
            return;
        }
        for (at, argument) in given.iter().copied().enumerate() {
            let value = tree
                .child(argument, Field::Value)
                .filter(|_| tree.kind(argument) == Kind::KeywordArgument)
                .unwrap_or(argument);
            let sources = page.sources(value, &self.words);
            if sources.is_empty() {
                continue;
            }
            let number = self.arguments.len() as u32;
            self.arguments.push(Argument { page, callee, called, node: argument, at });
            for (source, step) in sources {
                self.edges.entry(source).or_default().push((step, To::Argument(number)));
            }
        }
    }

    /// The parameters that an argument may be for.
    fn parameters_for(&self, argument: Argument<'t>) -> Vec<Key<'t>> {
        let Argument { page, callee, called, node, at } = argument;
        let signatures = if called == "__init__" {
            self.initialized(page, callee)
        } else {
            self.signatures(called)
        };
        signatures.iter().flat_map(|signature| signature.taking(page.facts, node, at)).collect()
    }

    /// What a call of something of that name may take.
    fn signatures(&self, called: &'t str) -> Vec<&Signature<'t>> {
        let functions = self.functions.get(called).into_iter().flatten();
        functions.chain(self.constructors(vec![called])).collect()
    }

    /// What constructor calls of classes of these names may take; where a class has no constructor, its bases' count.
    fn constructors(&self, mut names: Vec<&'t str>) -> Vec<&Signature<'t>> {
        let mut found = Vec::new();
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        while let Some(name) = names.pop() {
            if !seen.insert(name) {
                continue;
            }
            for class in self.classes.get(name).into_iter().flatten() {
                found.push(class.init.as_ref().unwrap_or(&class.fields));
                names.extend(class.bases.iter().filter(|_| class.init.is_none()));
            }
        }
        found
    }

    /// What `super().__init__(…)` and `Base.__init__(self, …)` may take.
    fn initialized(&self, page: Page<'t>, callee: NodeId) -> Vec<&Signature<'t>> {
        let tree = page.facts.tree();
        let named = tree.child(callee, Field::Object).and_then(|object| page.last_text(object));
        let around = tree
            .enclosing(callee, &[Kind::ClassDefinition])
            .map(|class| page.facts.definition_name(class));
        let bases = around
            .and_then(|class| self.classes.get(class))
            .into_iter()
            .flatten()
            .flat_map(|class| class.bases.iter().copied());
        self.constructors(bases.chain(named).collect())
    }

    fn import(&mut self, page: Page<'t>, statement: NodeId) {
        let (facts, tree) = (page.facts, page.facts.tree());
        let module = tree.child(statement, Field::ModuleName).map(|module| facts.text(module));
        if tree.child_of_kind(statement, Kind::WildcardImport).is_some()
            && let Some(module) = module.filter(|module| self.paths.contains(module))
        {
            let members =
                self.paths.iter().filter_map(|path| path.strip_prefix(module)?.strip_prefix('.'));
            self.seeds.extend(members.map(Key::named));
        }
        for node in tree.children_in(statement, Field::Name) {
            let (path, alias) = match tree.kind(node) {
                Kind::AliasedImport => {
                    (tree.child(node, Field::Name).unwrap_or(node), tree.child(node, Field::Alias))
                }
                _ => (node, None),
            };
            let text = facts.text(path);
            // `import a.b` binds `a`.
            let Some(bound) = tree
                .subtree(alias.unwrap_or(path))
                .find(|inner| tree.kind(*inner) == Kind::Identifier)
            else {
                continue;
            };
            let bound = page.bound(bound);
            let named = Key::named(last_part(text));
            self.edges(vec![(named, Step::SAME)], Step::SAME, &[bound]);
            let dotted =
                module.map_or_else(|| text.to_owned(), |module| format!("{module}.{text}"));
            if self.paths.contains(dotted.as_str()) {
                self.seeds.push(bound);
            }
        }
    }
}

/// What becomes of a value that a function returns: a decorator may make an attribute of it.
fn returned(page: Page, function: NodeId) -> Step {
    let tree = page.facts.tree();
    let is_decorated =
        tree.parent(function).is_some_and(|up| tree.kind(up) == Kind::DecoratedDefinition);
    if is_decorated { Step::BEHIND } else { Step::RETURNED }
}

impl<'t> Page<'t> {
    /// What an import binds to the name `identifier`.
    fn bound(self, identifier: NodeId) -> Key<'t> {
        let scopes = &self.facts.scopes;
        let name = self.facts.text(identifier);
        let scope = scopes.scope_of(identifier);
        let home = scopes.get(scope).symbols.get(name).map_or(scope, |symbol| symbol.home);
        if scopes.get(home).kind.is_function_like() {
            Key { scope: Some((self.id, home.0)), name }
        } else {
            Key::named(name)
        }
    }
}
