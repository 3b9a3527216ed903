//! Loops over objects that start their workers when they are iterated: the loaders of torch and what derives from them.

use crate::catalogue::{EntryId, Starts};
use crate::facts::scopes::BindingKind;
use crate::project::processes::starts::{ProcessStart, called_name};
use crate::project::values::reaching;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind};

/// An object is followed back through so many names, attributes and parameters.
const MAX_STEPS: u32 = 4;

/// Functions whose result iterates over what they are given.
const PASS_ON: &[&str] =
    &["enumerate", "tqdm", "trange", "track", "zip", "islice", "iter", "cycle", "list"];

impl Eval<'_> {
    /// A loop over an object that starts its workers when it is iterated, also through `enumerate` and its like.
    pub(in crate::project) fn start_by_loop(&self, iterable: Site) -> Option<ProcessStart> {
        if !self.project.speaks_of_holders(iterable.file, iterable.node) {
            return None;
        }
        let tree = self.file(iterable.file).tree();
        let found = self.values(iterable).iter().find_map(|value| {
            let (entry, made) = match value {
                Value::Instance(Type::External { path, made: Some(made), .. }) => {
                    self.loader(path, *made)?
                }
                Value::Instance(Type::Class(class)) => self.derived_loader(*class, iterable)?,
                _ => return None,
            };
            Some(ProcessStart { call: iterable, entry, through: Vec::new(), made: Some(made) })
        });
        let node = tree.unparenthesized(iterable.node);
        if found.is_some() || tree.kind(node) != Kind::Call {
            return found;
        }
        // `enumerate(loader)`, `tqdm(loader)`, `zip(loader, …)`, `islice(loader, 3)`.
        let call = Site { file: iterable.file, node };
        if !PASS_ON.contains(&called_name(self, call)) {
            return None;
        }
        self.positional_arguments(call)
            .into_iter()
            .find_map(|argument| self.start_by_loop(argument))
    }

    /// A loader of the catalogue, if the call that made it gives it workers.
    fn loader(&self, path: &str, made: Site) -> Option<(EntryId, Site)> {
        let catalogue = &self.project.catalogue;
        let entry = catalogue.by_path(path)?;
        let runs = catalogue.get(entry).starts == Starts::Iterate
            && self.dispatches_at(made).iter().any(|dispatch| dispatch.entry == entry);
        runs.then_some((entry, made))
    }

    /// An object of a class that derives from a loader, if a call that makes it asks for workers by keyword: what its
    /// own constructor does with positional arguments is not known.
    fn derived_loader(&self, class: Site, object: Site) -> Option<(EntryId, Site)> {
        let (entry, _) = self.entry_of_class(class)?;
        let api = self.project.catalogue.get(entry);
        if api.starts != Starts::Iterate {
            return None;
        }
        let asks = |call: &Site| {
            api.when
                .iter()
                .all(|condition| self.passes_keyword(*call, &condition.name, &condition.unless))
        };
        self.makers(object, MAX_STEPS).into_iter().find(asks).map(|made| (entry, made))
    }

    /// Whether a call passes the keyword `name`, itself or in a dictionary that it unpacks, and none of the values `unless`.
    fn passes_keyword(&self, call: Site, name: &str, unless: &[String]) -> bool {
        let facts = self.file(call.file);
        let tree = facts.tree();
        if let Some(argument) = self.keyword_argument(call, name) {
            return !unless.iter().any(|value| value == facts.text(argument.node));
        }
        let unpacked = tree
            .child(call.node, Field::Arguments)
            .into_iter()
            .flat_map(|list| tree.children(list));
        unpacked
            .filter(|node| tree.kind(*node) == Kind::DictionarySplat)
            .filter_map(|splat| tree.children(splat).next())
            .any(|inner| {
                self.values(Site { file: call.file, node: inner }).iter().any(|value| match value {
                    Value::Literal(display) => {
                        self.entry_of_display(*display, name).is_some_and(|entry| {
                            let facts = self.file(entry.file);
                            !unless.iter().any(|value| value == facts.text(entry.node))
                        })
                    }
                    _ => false,
                }) || self.makers(Site { file: call.file, node: inner }, 1).into_iter().any(
                    |made| {
                        made != call
                            && called_name(self, made) == "dict"
                            && self.passes_keyword(made, name, unless)
                    },
                )
            })
    }

    /// The value of a key in a dictionary display.
    fn entry_of_display(&self, display: Site, key: &str) -> Option<Site> {
        let tree = self.file(display.file).tree();
        let at = |node| Site { file: display.file, node };
        tree.children(display.node).filter(|node| tree.kind(*node) == Kind::Pair).find_map(|pair| {
            let own = self.string_literal(at(tree.child(pair, Field::Key)?))?;
            (own == key).then(|| tree.child(pair, Field::Value).map(at)).flatten()
        })
    }

    /// The calls that may have made the object of an expression.
    fn makers(&self, object: Site, steps: u32) -> Vec<Site> {
        let facts = self.file(object.file);
        let tree = facts.tree();
        let node = tree.unparenthesized(object.node);
        let at = |node| Site { file: object.file, node };
        match tree.kind(node) {
            Kind::Call => vec![at(node)],
            _ if steps == 0 => Vec::new(),
            Kind::Identifier => {
                let Some((scope, name)) = facts.scopes.resolve_name(node) else {
                    return Vec::new();
                };
                let bindings = reaching::bindings(facts, scope, name, node);
                let sources = bindings.into_iter().flat_map(|binding| match &binding.kind {
                    BindingKind::Assignment { value: Some(value), .. }
                    | BindingKind::Walrus { value } => vec![at(*value)],
                    BindingKind::Parameter { .. } => self.arguments_for(object.file, binding),
                    _ => Vec::new(),
                });
                sources.flat_map(|source| self.makers(source, steps - 1)).collect()
            }
            Kind::Attribute => {
                let (Some(owner), Some(name)) =
                    (tree.child(node, Field::Object), tree.child(node, Field::Attribute))
                else {
                    return Vec::new();
                };
                let writes = self
                    .self_class(at(owner))
                    .map(|class| self.attribute_writes(class, facts.text(name)))
                    .unwrap_or_default();
                writes
                    .into_iter()
                    .filter_map(|write| write.value)
                    .flat_map(|value| self.makers(value, steps - 1))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}
