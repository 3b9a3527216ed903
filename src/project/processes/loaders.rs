//! Loops over objects that start their workers when they are iterated: the loaders of torch and what derives from them.

use crate::catalogue::{EntryId, Starts};
use crate::project::dataflow::{CallString, Source};
use crate::project::processes::starts::{ProcessStart, called_name};
use crate::project::{Dispatch, Eval, Site, Type, Value};
use crate::syntax::{Field, Kind};

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
        let found = self.values_nearby(iterable).iter().find_map(|value| {
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

    /// Whether all that is known of a loader's `num_workers` are numbers, none of them 0.
    pub(in crate::project) fn surely_has_workers(&self, dispatch: &Dispatch) -> bool {
        let Some(workers) = self.argument(dispatch.call, "num_workers", 5 + dispatch.shift) else {
            return false;
        };
        let values = self.values(workers);
        let is_number = |value: &Value| match value {
            Value::Literal(site) => {
                let facts = self.file(site.file);
                facts.tree().kind(site.node) == Kind::Integer && facts.text(site.node) != "0"
            }
            _ => false,
        };
        !values.is_empty() && values.iter().all(is_number)
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
        self.makers(object).into_iter().find(asks).map(|made| (entry, made))
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
                    Value::Literal(display) => self.entry_of(*display, name).is_some_and(|entry| {
                        let facts = self.file(entry.file);
                        !unless.iter().any(|value| value == facts.text(entry.node))
                    }),
                    _ => false,
                }) || self.makers(Site { file: call.file, node: inner }).into_iter().any(|made| {
                    made != call
                        && called_name(self, made) == "dict"
                        && self.passes_keyword(made, name, unless)
                })
            })
    }

    /// The calls that may have made the object of an expression.
    fn makers(&self, object: Site) -> Vec<Site> {
        let sources = self.solver.sources(object, &CallString::UNKNOWN).found;
        let made = sources.iter().filter_map(|each| match &each.source {
            Source::Instance { made: Some(made), .. }
            | Source::Made { made: Some(made), .. }
            | Source::Container { made, .. } => Some(made.site),
            _ => None,
        });
        made.filter(|made| self.file(made.file).tree().kind(made.node) == Kind::Call).collect()
    }
}
