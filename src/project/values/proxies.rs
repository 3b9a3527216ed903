//! Proxies of a manager's objects: all that is stored through one, or given to its methods, is pickled for the manager's
//! process at once, under every start method.

use crate::catalogue::Start;
use crate::facts::scopes::BindingKind;
use crate::project::dataflow::CallString;
use crate::project::travel::state::Moment;
use crate::project::{Argument, Carried, Content, Dispatch, Eval, FileId, Site, Type, Value, What};
use crate::syntax::{Field, Kind};

/// The dotted path by which every proxy goes.
pub const PROXY: &str = "multiprocessing.managers.BaseProxy";

/// What makes managers, or derives them.
const MANAGERS: &[&str] = &["Manager", "SyncManager", "BaseManager"];

impl Eval<'_> {
    /// The start method of a manager; `None` for other objects.
    fn manager_start(&self, ty: &Type) -> Option<Start> {
        let of_entry = |entry: &crate::catalogue::Entry| {
            matches!(entry.id.as_str(), "mp.Manager" | "mp.ManagerClass")
        };
        let catalogue = &self.project.catalogue;
        match ty {
            Type::External { path, start, .. } => catalogue
                .by_path(path.strip_prefix("torch.").unwrap_or(path))
                .filter(|entry| of_entry(catalogue.get(*entry)))
                .map(|_| *start),
            Type::Class(class) => self
                .entry_of_class(*class)
                .filter(|(entry, _)| of_entry(catalogue.get(*entry)))
                .map(|row| row.1),
        }
    }

    fn proxy_start(&self, expression: Site) -> Option<Start> {
        self.values(expression).iter().find_map(|value| match value {
            Value::Instance(Type::External { path, start, .. }) if is_proxy_path(path) => {
                Some(*start)
            }
            _ => None,
        })
    }

    /// What cannot cross of that which a file hands to managers: by the methods of proxies, by `proxy[key] = x` and
    /// `namespace.name = x`, and by the calls that make proxies.
    pub(in crate::project) fn handed_to_managers(&self, file: FileId) -> Vec<Carried> {
        let Some(entry) =
            self.project.catalogue.by_path(PROXY).filter(|_| self.may_know_managers(file))
        else {
            return Vec::new();
        };
        let facts = self.file(file);
        let tree = facts.tree();
        let at = |node| Site { file, node };
        let mut handed: Vec<(Site, Start, Vec<Site>)> = Vec::new();
        for call in &facts.calls {
            let object = tree
                .child(*call, Field::Function)
                .filter(|callee| tree.kind(*callee) == Kind::Attribute);
            let Some(object) = object.and_then(|callee| tree.child(callee, Field::Object)).map(at)
            else {
                continue;
            };
            let given = self.all_arguments(at(*call));
            if given.is_empty() {
                continue;
            }
            let made = || {
                self.values(at(*call)).iter().find_map(|value| {
                    if let Value::Instance(ty) = value { proxy_of(ty) } else { None }
                })
            };
            let start = self
                .proxy_start(object)
                .or_else(|| if self.is_manager(object) { made() } else { None });
            handed.extend(start.map(|start| (at(*call), start, given)));
        }
        for assignment in tree
            .subtree(crate::syntax::Tree::ROOT)
            .filter(|node| tree.kind(*node) == Kind::Assignment)
        {
            let (Some(left), Some(right)) =
                (tree.child(assignment, Field::Left), tree.child(assignment, Field::Right))
            else {
                continue;
            };
            let object = match tree.kind(left) {
                Kind::Subscript => tree.child(left, Field::Value),
                Kind::Attribute => tree.child(left, Field::Object),
                _ => None,
            };
            let start = object.and_then(|object| self.proxy_start(at(object)));
            handed.extend(start.map(|start| (at(assignment), start, vec![at(right)])));
        }
        let mut out = Vec::new();
        for (call, start, given) in handed {
            let dispatch = Dispatch { call, entry, start, receiver: None, made: None, shift: 0 };
            let methods = dispatch.pickled_under(self.project);
            for argument in given {
                let moment = Moment { worker: None, call: Some(call) };
                let argument = Argument::object(argument);
                let contents = self.contents_at(argument, false, moment, &CallString::UNKNOWN);
                let contents = contents.into_iter().filter(|content| !is_view(content));
                out.extend(contents.map(|content| Carried {
                    dispatch: dispatch.clone(),
                    content,
                    methods: methods.clone(),
                }));
            }
        }
        out
    }

    /// Whether the process that a call runs in can pickle dict views: what makes managers has taught it to send them as lists.
    pub(in crate::project) fn sends_views(&self, call: Site) -> bool {
        let mut made = MANAGERS.iter().flat_map(|name| self.project.calls_named(name));
        made.any(|made| made.file == call.file && self.is_before(*made, call))
    }

    fn is_manager(&self, expression: Site) -> bool {
        self.values(expression).iter().any(|value| {
            if let Value::Instance(ty) = value { self.manager_start(ty).is_some() } else { false }
        })
    }

    /// Whether a file, or a module that it imports, speaks of managers or proxies: others are not searched for them.
    fn may_know_managers(&self, file: FileId) -> bool {
        let made = MANAGERS.iter().any(|name| {
            !self.project.calls_named(name).is_empty()
                || !self.project.classes_deriving_from(name).is_empty()
        });
        let speaks =
            |id: FileId| ["Manager", "Proxy"].iter().any(|word| self.file(id).all().contains(word));
        let facts = self.file(file);
        let imported = || {
            let module = facts.scopes.get(facts.scopes.module());
            let bindings = module
                .symbols
                .keys()
                .flat_map(|name| facts.scopes.bindings(facts.scopes.module(), name));
            let modules = bindings.filter_map(|binding| {
                if let BindingKind::Import { module, .. } = &binding.kind {
                    Some(module.as_str())
                } else {
                    None
                }
            });
            let files = modules
                .filter_map(|module| self.project.module_path(file, module))
                .filter_map(|path| self.project.at(&path));
            files.collect::<std::collections::BTreeSet<_>>().into_iter().any(speaks)
        };
        made && (speaks(file) || imported())
    }
}

/// Whether what is handed over is a dict view.
pub(in crate::project) fn is_view(content: &Content) -> bool {
    matches!(&content.what, What::Object(obstacle) if obstacle.what == "a dict view")
}

fn proxy_of(ty: &Type) -> Option<Start> {
    match ty {
        Type::External { path, start, .. } => is_proxy_path(path).then_some(*start),
        Type::Class(_) => None,
    }
}

/// `DictProxy` and the like are what annotations name.
fn is_proxy_path(path: &str) -> bool {
    path.strip_prefix("multiprocessing.managers.")
        .is_some_and(|name| name.ends_with("Proxy") && !name.contains('.'))
}
