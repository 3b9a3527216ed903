//! The values of expressions, asked for on demand, across files, with a bound on the effort.

use super::{FileId, Project, Site, Type, Value};
use crate::facts::FileFacts;
use crate::facts::scopes::{Binding, BindingKind, PathStep, Resolution};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;

/// Longer chains of names, calls and attributes are given up: their value is unknown.
const MAX_DEPTH: u32 = 48;

/// The writes of attributes through `self`, by attribute name.
pub(super) type AttributeWrites = Vec<(String, super::attributes::AttributeWrite)>;

/// Answers what expressions may be. One per thread: answers are remembered.
#[derive(Debug)]
pub struct Eval<'p> {
    /// What is asked about.
    pub project: &'p Project,
    known: RefCell<HashMap<Site, Option<Rc<[Value]>>>>,
    depth: Cell<u32>,
    pub(super) writes_known: RefCell<HashMap<Site, Rc<AttributeWrites>>>,
    pub(super) lineage_known: RefCell<HashMap<Site, Rc<[Site]>>>,
    pub(super) dispatches_known: RefCell<HashMap<FileId, Rc<[super::Dispatch]>>>,
    /// Project files that an answer would need and that are not parsed.
    pub wanted: RefCell<BTreeSet<PathBuf>>,
}

impl<'p> Eval<'p> {
    /// An evaluator that knows nothing yet.
    pub fn new(project: &'p Project) -> Self {
        Self {
            project,
            known: RefCell::default(),
            depth: Cell::new(0),
            writes_known: RefCell::default(),
            lineage_known: RefCell::default(),
            dispatches_known: RefCell::default(),
            wanted: RefCell::default(),
        }
    }

    /// The facts of a file.
    pub fn file(&self, id: FileId) -> &'p FileFacts {
        self.project.file(id)
    }

    /// Everything that `expression` may evaluate to, sorted, without doubles.
    pub fn values(&self, expression: Site) -> Rc<[Value]> {
        let facts = self.file(expression.file);
        let site = Site { file: expression.file, node: facts.tree().unparenthesized(expression.node) };
        match self.known.borrow().get(&site) {
            Some(Some(done)) => return done.clone(),
            // Asked for while it is being answered: the cycle adds nothing.
            Some(None) => return Rc::from([]),
            None => {}
        }
        if self.depth.get() >= MAX_DEPTH {
            return Rc::from([Value::Unknown]);
        }
        self.depth.set(self.depth.get() + 1);
        self.known.borrow_mut().insert(site, None);
        let mut found = self.compute(site);
        found.sort();
        found.dedup();
        let found: Rc<[Value]> = found.into();
        self.known.borrow_mut().insert(site, Some(found.clone()));
        self.depth.set(self.depth.get() - 1);
        found
    }

    fn compute(&self, site: Site) -> Vec<Value> {
        let facts = self.file(site.file);
        let tree = facts.tree();
        let at = |node| Site { file: site.file, node };
        match tree.kind(site.node) {
            Kind::Identifier => self.name_values(site),
            Kind::Attribute => self.attribute_values(site),
            Kind::Call => self.call_values(site),
            Kind::ConditionalExpression => {
                let parts: Vec<NodeId> = tree.children(site.node).collect();
                parts.iter().enumerate().filter(|(index, _)| *index != 1).flat_map(|(_, part)| self.values(at(*part)).to_vec()).collect()
            }
            Kind::BooleanOperator => tree.children(site.node).flat_map(|part| self.values(at(part)).to_vec()).collect(),
            Kind::Await => tree.children(site.node).flat_map(|part| self.values(at(part)).to_vec()).collect(),
            Kind::NamedExpression => tree.child(site.node, Field::Value).map(|value| self.values(at(value)).to_vec()).unwrap_or_default(),
            Kind::Lambda => vec![Value::Lambda(site)],
            Kind::Subscript => match tree.child(site.node, Field::Value) {
                Some(value) => self.subscript_values(at(value), site),
                None => vec![Value::Unknown],
            },
            Kind::Integer
            | Kind::Float
            | Kind::String
            | Kind::ConcatenatedString
            | Kind::True
            | Kind::False
            | Kind::None
            | Kind::List
            | Kind::Tuple
            | Kind::ExpressionList
            | Kind::Set
            | Kind::Dictionary
            | Kind::ListComprehension
            | Kind::SetComprehension
            | Kind::DictionaryComprehension
            | Kind::GeneratorExpression => vec![Value::Literal(site)],
            _ => vec![Value::Unknown],
        }
    }

    fn name_values(&self, site: Site) -> Vec<Value> {
        let facts = self.file(site.file);
        let Some((scope, name)) = facts.scopes.resolve_name(site.node) else { return vec![Value::Unknown] };
        let reaching = super::reaching::bindings(facts, scope, &name, site.node);
        if reaching.is_empty() {
            return self.unbound_name(site.file, scope, &name);
        }
        reaching.into_iter().flat_map(|binding| self.binding_values(site.file, binding)).collect()
    }

    /// A global without a binding in its module: from a star import, or a builtin.
    fn unbound_name(&self, file: FileId, scope: crate::facts::scopes::ScopeId, name: &str) -> Vec<Value> {
        let facts = self.file(file);
        if scope != facts.scopes.module() {
            return vec![Value::Unknown];
        }
        for module in super::reaching::star_imports(facts) {
            let found = self.imported(file, &module, Some(name));
            let known = found.iter().any(|value| match value {
                Value::External { path, .. } => self.is_known_path(path),
                Value::Unknown => false,
                _ => true,
            });
            if known {
                return found;
            }
        }
        vec![Value::external(&format!("builtins.{name}"))]
    }

    /// Whether the tables have something to say about a dotted path.
    pub fn is_known_path(&self, path: &str) -> bool {
        self.project.catalogue.by_path(path).is_some() || crate::catalogue::objects::made_by(path).is_some()
    }

    /// Runs `work` one level deeper; past the bound, nothing is known.
    fn deeper(&self, work: impl FnOnce() -> Vec<Value>) -> Vec<Value> {
        if self.depth.get() >= MAX_DEPTH {
            return vec![Value::Unknown];
        }
        self.depth.set(self.depth.get() + 1);
        let found = work();
        self.depth.set(self.depth.get() - 1);
        found
    }

    /// What a variable holds after `binding`.
    pub fn binding_values(&self, file: FileId, binding: &Binding) -> Vec<Value> {
        // Annotations and star imports can lead back here without passing an expression.
        self.deeper(|| self.values_of_binding(file, binding))
    }

    fn values_of_binding(&self, file: FileId, binding: &Binding) -> Vec<Value> {
        let at = |node| Site { file, node };
        match &binding.kind {
            BindingKind::Assignment { value, path, annotation } => {
                let mut found = value.map(|value| self.destructured(at(value), path)).unwrap_or_default();
                if let Some(annotation) = annotation
                    && !found.iter().any(|value| !matches!(value, Value::Unknown | Value::Parameter(_) | Value::Result(_)))
                {
                    found.extend(self.annotation_values(at(*annotation)));
                }
                found
            }
            BindingKind::Walrus { value } => self.values(at(*value)).to_vec(),
            BindingKind::For { iterable, path, .. } | BindingKind::ComprehensionFor { iterable, path, .. } => self.element_values(at(*iterable), path),
            BindingKind::With { value, path, .. } => {
                let entered = self.entered(&self.values(at(*value)), at(*value));
                if path.is_empty() { entered } else { vec![Value::Unknown] }
            }
            BindingKind::Import { module, attribute } => self.imported(file, module, attribute.as_deref()),
            BindingKind::FunctionDef(node) => vec![Value::Function(at(*node))],
            BindingKind::ClassDef(node) => vec![Value::Class(at(*node))],
            BindingKind::Parameter { .. } => self.parameter_values(file, binding),
            BindingKind::Delete => Vec::new(),
            _ => vec![Value::Unknown],
        }
    }

    /// The part of `value` that a target at `path` of a tuple gets.
    fn destructured(&self, value: Site, path: &[PathStep]) -> Vec<Value> {
        let Some((first, rest)) = path.split_first() else { return self.values(value).to_vec() };
        let mut found = Vec::new();
        for value in self.values(value).iter() {
            match value {
                Value::Literal(site) => match self.item(*site, *first) {
                    Some(item) => found.extend(self.destructured(item, rest)),
                    None => found.push(Value::Unknown),
                },
                Value::Instance(Type::External { path, .. }) if crate::catalogue::last_part(path) == "Pipe" => {
                    found.push(value.clone());
                }
                _ => found.push(Value::Unknown),
            }
        }
        found
    }

    /// The element of a display that one step of unpacking takes.
    pub fn item(&self, display: Site, step: PathStep) -> Option<Site> {
        let items = self.items_of(display)?;
        match step {
            PathStep::Index(at) => items.get(at).copied(),
            PathStep::FromEnd(at) => items.len().checked_sub(at + 1).map(|at| items[at]),
            PathStep::Star => None,
        }
    }

    /// The items of a list, tuple or set display without splats.
    pub fn items_of(&self, display: Site) -> Option<Vec<Site>> {
        let tree = self.file(display.file).tree();
        let plain = matches!(tree.kind(display.node), Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList);
        let items: Vec<Site> = tree.children(display.node).map(|node| Site { file: display.file, node }).collect();
        (plain && !items.iter().any(|item| tree.kind(item.node) == Kind::ListSplat)).then_some(items)
    }

    /// What a loop over `iterable` puts into the target at `path`.
    pub fn element_values(&self, iterable: Site, path: &[PathStep]) -> Vec<Value> {
        let facts = self.file(iterable.file);
        let tree = facts.tree();
        let node = tree.unparenthesized(iterable.node);
        let at = |node| Site { file: iterable.file, node };
        if tree.kind(node) == Kind::Call {
            let arguments = self.positional_arguments(at(node));
            let callee = tree.child(node, Field::Function).map(|callee| (callee, facts.text(callee))).unwrap_or((node, ""));
            match (callee.1, arguments.as_slice(), path) {
                ("enumerate", [inner, ..], [PathStep::Index(1), rest @ ..]) => return self.element_values(*inner, rest),
                ("zip", inner, [PathStep::Index(index), rest @ ..]) if *index < inner.len() => return self.element_values(inner[*index], rest),
                ("list" | "tuple" | "set" | "sorted" | "reversed" | "iter" | "frozenset", [inner, ..], _) => return self.element_values(*inner, path),
                _ => {}
            }
            if tree.kind(callee.0) == Kind::Attribute && arguments.is_empty() {
                let method = tree.child(callee.0, Field::Attribute).map_or("", |name| facts.text(name));
                let object = tree.child(callee.0, Field::Object).map(at);
                match (method, object, path) {
                    ("items", Some(object), [PathStep::Index(1), rest @ ..]) => return self.mapping_values(object, rest),
                    ("values", Some(object), rest) => return self.mapping_values(object, rest),
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        for value in self.values(at(node)).iter() {
            match value {
                Value::Literal(site) => {
                    for item in self.elements_of(*site) {
                        found.extend(self.destructured(item, path));
                    }
                }
                _ => found.push(Value::Unknown),
            }
        }
        for appended in self.appended_to(at(node)) {
            found.extend(self.destructured(appended, path));
        }
        found
    }

    /// The element expressions of a display or comprehension; for a dictionary, its keys are left out.
    pub fn elements_of(&self, display: Site) -> Vec<Site> {
        let tree = self.file(display.file).tree();
        let at = |node| Site { file: display.file, node };
        match tree.kind(display.node) {
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList => {
                tree.children(display.node).filter(|node| tree.kind(*node) != Kind::ListSplat).map(at).collect()
            }
            Kind::ListComprehension | Kind::SetComprehension | Kind::GeneratorExpression => tree.child(display.node, Field::Body).map(at).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The value expressions of the dictionaries that `object` may be.
    pub fn mapping_items(&self, object: Site) -> Vec<Site> {
        let mut found = Vec::new();
        for value in self.values(object).iter() {
            let Value::Literal(site) = value else { continue };
            let tree = self.file(site.file).tree();
            let at = |node| Site { file: site.file, node };
            let pairs: Vec<NodeId> = match tree.kind(site.node) {
                Kind::Dictionary => tree.children(site.node).filter(|node| tree.kind(*node) == Kind::Pair).collect(),
                Kind::DictionaryComprehension => tree.child(site.node, Field::Body).into_iter().collect(),
                _ => Vec::new(),
            };
            found.extend(pairs.into_iter().filter_map(|pair| tree.child(pair, Field::Value)).map(at));
        }
        found
    }

    fn mapping_values(&self, object: Site, path: &[PathStep]) -> Vec<Value> {
        self.mapping_items(object).into_iter().flat_map(|item| self.destructured(item, path)).collect()
    }

    fn subscript_values(&self, object: Site, _whole: Site) -> Vec<Value> {
        let mut found: Vec<Value> = self.mapping_items(object).into_iter().flat_map(|item| self.values(item).to_vec()).collect();
        for value in self.values(object).iter() {
            if let Value::Literal(site) = value {
                found.extend(self.elements_of(*site).into_iter().flat_map(|item| self.values(item).to_vec()));
            }
        }
        if found.is_empty() {
            found.push(Value::Unknown);
        }
        found
    }

    /// What is put into the list, set or deque `variable` by `append`, `add` and `insert`, where it is a plain name.
    pub fn appended_to(&self, variable: Site) -> Vec<Site> {
        let facts = self.file(variable.file);
        let tree = facts.tree();
        if tree.kind(variable.node) != Kind::Identifier {
            return Vec::new();
        }
        let Some((scope, name)) = facts.scopes.resolve_name(variable.node) else { return Vec::new() };
        let mut found = Vec::new();
        for reference in facts.scopes.references(scope, &name) {
            let Some(attribute) = tree.parent(*reference).filter(|up| tree.kind(*up) == Kind::Attribute) else { continue };
            let Some(call) = tree.parent(attribute).filter(|up| tree.kind(*up) == Kind::Call) else { continue };
            let method = tree.child(attribute, Field::Attribute).map_or("", |node| facts.text(node));
            if matches!(method, "append" | "add" | "appendleft" | "insert") {
                found.extend(self.positional_arguments(Site { file: variable.file, node: call }).last());
            }
        }
        found
    }

    /// The positional arguments of a call, up to the first splat.
    pub fn positional_arguments(&self, call: Site) -> Vec<Site> {
        let tree = self.file(call.file).tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return Vec::new() };
        if tree.kind(list) == Kind::GeneratorExpression {
            return vec![Site { file: call.file, node: list }];
        }
        tree.children(list)
            .take_while(|node| tree.kind(*node) != Kind::ListSplat)
            .filter(|node| !matches!(tree.kind(*node), Kind::KeywordArgument | Kind::DictionarySplat))
            .map(|node| Site { file: call.file, node })
            .collect()
    }

    /// The value of the keyword argument `name` of a call.
    pub fn keyword_argument(&self, call: Site, name: &str) -> Option<Site> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let list = tree.child(call.node, Field::Arguments)?;
        tree.children(list)
            .filter(|node| tree.kind(*node) == Kind::KeywordArgument)
            .find(|node| tree.child(*node, Field::Name).is_some_and(|key| facts.text(key) == name))
            .and_then(|node| tree.child(node, Field::Value))
            .map(|node| Site { file: call.file, node })
    }

    /// The argument for a parameter given by name and 0-based position (-1: keyword only).
    pub fn argument(&self, call: Site, name: &str, pos: i32) -> Option<Site> {
        self.keyword_argument(call, name).or_else(|| usize::try_from(pos).ok().and_then(|pos| self.positional_arguments(call).get(pos).copied()))
    }

    /// The text of a string literal without prefix and quotes; `None` for anything else.
    pub fn string_literal(&self, expression: Site) -> Option<&'p str> {
        let facts = self.file(expression.file);
        let tree = facts.tree();
        let node = tree.unparenthesized(expression.node);
        if tree.kind(node) != Kind::String {
            return None;
        }
        let content = tree.child_of_kind(node, Kind::StringContent);
        Some(content.map_or("", |content| facts.text(content)))
    }

    /// Where a name read in the module scope of `file` is looked up: all its bindings.
    pub fn module_member(&self, file: FileId, name: &str) -> Vec<Value> {
        self.deeper(|| self.find_module_member(file, name))
    }

    fn find_module_member(&self, file: FileId, name: &str) -> Vec<Value> {
        let facts = self.file(file);
        let module = facts.scopes.module();
        let bindings: Vec<&Binding> = facts.scopes.bindings(module, name).iter().collect();
        if bindings.is_empty() {
            if let Some(path) = self.project.submodule(file, name) {
                return self.module_at(path);
            }
            for star in super::reaching::star_imports(facts) {
                let found = self.imported(file, &star, Some(name));
                if !found.iter().all(|value| matches!(value, Value::Unknown)) {
                    return found;
                }
            }
            return vec![Value::Unknown];
        }
        bindings.into_iter().flat_map(|binding| self.binding_values(file, binding)).collect()
    }

    fn module_at(&self, path: PathBuf) -> Vec<Value> {
        if let Some(id) = self.project.at(&path) {
            return vec![Value::Module(id)];
        }
        self.wanted.borrow_mut().insert(path);
        vec![Value::Unknown]
    }

    /// What an import binds.
    pub fn imported(&self, file: FileId, module: &str, attribute: Option<&str>) -> Vec<Value> {
        if let Some(name) = attribute
            && !module.starts_with('.')
        {
            let path = format!("{module}.{name}");
            if self.is_known_path(&path) {
                return vec![Value::external(&path)];
            }
        }
        // Known APIs are found by their path even inside the project that defines them.
        if attribute.is_none() && matches!(module, "multiprocessing" | "threading" | "concurrent" | "concurrent.futures" | "functools") {
            return vec![Value::external(module)];
        }
        let Some(found) = self.project.module_path(file, module) else {
            return if module.starts_with('.') {
                match attribute {
                    Some(name) => self.relative_submodule(file, module, name),
                    None => vec![Value::Unknown],
                }
            } else {
                vec![Value::external(&attribute.map_or_else(|| module.to_owned(), |name| format!("{module}.{name}")))]
            };
        };
        let module_value = self.module_at(found);
        let Some(name) = attribute else { return module_value };
        match module_value.first() {
            Some(Value::Module(id)) => {
                let found = self.module_member(*id, name);
                if found.iter().all(|value| matches!(value, Value::Unknown)) { self.relative_submodule(file, module, name) } else { found }
            }
            _ => vec![Value::Unknown],
        }
    }

    fn relative_submodule(&self, file: FileId, module: &str, name: &str) -> Vec<Value> {
        let joined = if module.ends_with('.') { format!("{module}{name}") } else { format!("{module}.{name}") };
        self.project.module_path(file, &joined).map_or_else(|| vec![Value::Unknown], |path| self.module_at(path))
    }

    /// The class or function whose body a name lookup of `name` at `node` would search first.
    pub fn resolution(&self, site: Site, name: &str) -> Resolution {
        let facts = self.file(site.file);
        facts.scopes.resolve(facts.scopes.scope_of(site.node), name)
    }

    /// Whether `node` is the root.
    pub fn is_module(node: NodeId) -> bool {
        node == Tree::ROOT
    }
}
