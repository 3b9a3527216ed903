//! Everything that is sent to processes, as rules ask for it.

use crate::project::travel::picklability::Obstacle;
use crate::project::{
    Callable, Carried, Content, Crossing, Eval, FileId, Sent, Site, Type, Value, What,
};
use std::collections::BTreeMap;

/// Everything that is sent to processes, by what it is.
#[derive(Debug, Default)]
pub struct SentIndex {
    all: Vec<Sent>,
    by_definition: BTreeMap<Site, Vec<usize>>,
    carried: Vec<Carried>,
    runs: Vec<Sent>,
    crossings: BTreeMap<FileId, Vec<Crossing>>,
}

impl SentIndex {
    /// An index of the callables `all`, of what is `carried` beside them, of the `run` methods of processes, and of the
    /// classes whose objects cross.
    pub fn new(
        all: Vec<Sent>,
        carried: Vec<Carried>,
        runs: Vec<Sent>,
        classes: Vec<Crossing>,
    ) -> Self {
        let mut by_definition: BTreeMap<Site, Vec<usize>> = BTreeMap::new();
        // What a decorator put under a name of its module has a rule of its own.
        for (at, sent) in all.iter().enumerate().filter(|(_, sent)| sent.alias.is_none()) {
            if let Callable::Lambda(site) | Callable::Function(site) | Callable::Class(site) =
                sent.origin.callable
            {
                by_definition.entry(site).or_default().push(at);
            }
        }
        let mut crossings: BTreeMap<FileId, Vec<Crossing>> = BTreeMap::new();
        for crossing in classes {
            crossings.entry(crossing.class.file).or_default().push(crossing);
        }
        Self { all, by_definition, carried, runs, crossings }
    }

    /// The dispatches that a `def`, lambda or class reaches.
    pub fn of(&self, definition: Site) -> Vec<&Sent> {
        self.by_definition.get(&definition).into_iter().flatten().map(|at| &self.all[*at]).collect()
    }

    /// Whether any definition of a file is sent.
    pub fn concerns(&self, file: FileId) -> bool {
        self.by_definition.keys().any(|site| site.file == file)
    }

    /// Everything that is handed over in a file.
    pub fn handed_over_in(&self, file: FileId) -> impl Iterator<Item = &Sent> {
        self.all.iter().filter(move |sent| sent.origin.handover.file == file)
    }

    /// What is handed over in a file as an argument and cannot cross.
    pub fn carried_in(&self, file: FileId) -> impl Iterator<Item = &Carried> {
        self.carried.iter().filter(move |carried| carried.content.handover.file == file)
    }

    /// The methods of a class, its bases and its subclasses that run in workers.
    pub fn workers_of(&self, class: Site, eval: &Eval) -> Vec<Site> {
        let related = |other: Site| {
            eval.lineage(other).contains(&class) || eval.lineage(class).contains(&other)
        };
        let of_class = |sent: &Sent| match &sent.origin.callable {
            Callable::Method { receiver: Type::Class(other), .. } | Callable::Instance(other) => {
                related(*other)
            }
            _ => false,
        };
        let mut found: Vec<Site> = self
            .all
            .iter()
            .chain(&self.runs)
            .filter(|sent| of_class(sent))
            .filter_map(|sent| eval.worker(&sent.origin))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// Whether an object that keeps `obstacle` is sent as an argument, too.
    pub fn carries(&self, obstacle: &Obstacle) -> bool {
        let same = |content: &Content| matches!(&content.what, What::Object(other) if other.site.is_some() && other.site == obstacle.site);
        self.carried.iter().any(|carried| same(&carried.content))
    }

    /// Whether a constructor call of a `Process` subclass (or of one that derives from it) gives it a callable that cannot cross.
    pub fn is_given_to(&self, class: Site, eval: &Eval) -> bool {
        let made = |carried: &Carried| {
            let call = carried.dispatch.call;
            let made = eval.values(call);
            made.iter().any(|value| matches!(value, Value::Instance(Type::Class(found)) if eval.lineage(*found).contains(&class)))
                || eval.base_init(call).is_some_and(|(home, _)| eval.lineage(home).contains(&class))
        };
        self.carried.iter().filter(|carried| carried.content.callable().is_some()).any(made)
    }

    /// The classes of a file that cross, or whose objects do, wherever that is.
    pub fn crossings_of(&self, file: FileId) -> &[Crossing] {
        self.crossings.get(&file).map_or(&[], Vec::as_slice)
    }

    /// Everything that travels as an argument and cannot cross.
    pub fn carried(&self) -> &[Carried] {
        &self.carried
    }

    /// The `run` methods of processes that are made.
    pub fn runs(&self) -> &[Sent] {
        &self.runs
    }

    /// Everything.
    pub fn all(&self) -> &[Sent] {
        &self.all
    }
}
