//! What travels beside the callable: the arguments of a dispatch, by the way they are given.

use crate::project::{Dispatch, Eval, Site};
use crate::syntax::{Field, Kind, NodeId};

/// How an argument travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// An object: it is pickled as it is.
    Object,
    /// A container of objects that is taken apart in the parent: `args`, `kwargs`, the items of a map.
    Items,
}

/// One expression whose value is pickled with a dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Argument {
    /// How it travels.
    pub role: Role,
    /// The expression.
    pub expression: Site,
    /// How many of its leading items are not arguments (`submit(*args)` with the function in front).
    pub skip: usize,
}

impl Argument {
    /// An object that is pickled as it is.
    pub fn object(expression: Site) -> Self {
        Self { role: Role::Object, expression, skip: 0 }
    }

    /// A container whose items are pickled.
    pub fn items(expression: Site) -> Self {
        Self { role: Role::Items, expression, skip: 0 }
    }
}

impl Eval<'_> {
    /// What a dispatch sends beside its callables, in the order of the text.
    pub fn arguments(&self, dispatch: &Dispatch) -> Vec<Argument> {
        let ways = &dispatch.api(self.project).arguments;
        let call = dispatch.call;
        let shifted = |pos: i32| if pos < 0 { -1 } else { pos + dispatch.shift };
        let mut found = Vec::new();
        for parameter in ways.tuple.iter().chain(&ways.dict) {
            let given = self.argument(call, &parameter.name, shifted(parameter.pos));
            found.extend(given.map(Argument::items));
        }
        for parameter in &ways.data {
            let given = self.argument(call, &parameter.name, shifted(parameter.pos));
            found.extend(given.map(Argument::object));
        }
        for delayed in self.delayed(dispatch) {
            let outer = self
                .file(delayed.file)
                .tree()
                .parent(delayed.node)
                .map(|node| Site { file: delayed.file, node });
            found.extend(
                outer.into_iter().flat_map(|outer| self.all_arguments(outer)).map(Argument::object),
            );
        }
        let positional = self.positional_arguments(call);
        let from = |pos: i32| usize::try_from(pos + dispatch.shift).unwrap_or(usize::MAX);
        if let Some(first) = ways.varargs {
            found.extend(
                positional.iter().skip(from(first)).map(|expression| Argument::object(*expression)),
            );
        }
        let splat = |kind: Kind, allowed: bool| {
            self.splats(call, kind).into_iter().filter(move |_| allowed)
        };
        let skip = ways.varargs.map_or(0, |first| from(first).saturating_sub(positional.len()));
        found.extend(
            splat(Kind::ListSplat, ways.varargs.is_some())
                .map(|expression| Argument { skip, ..Argument::items(expression) }),
        );
        found.extend(splat(Kind::DictionarySplat, ways.keywords).map(Argument::items));
        if ways.keywords {
            found.extend(self.own_keywords(dispatch).into_iter().map(Argument::object));
        }
        for first in ways.items.iter().chain(&ways.star_items) {
            let count =
                if ways.star_items.is_some() || dispatch.api(self.project).id.starts_with("mp.") {
                    1
                } else {
                    usize::MAX
                };
            found.extend(
                positional
                    .iter()
                    .skip(from(*first))
                    .take(count)
                    .map(|expression| Argument::items(*expression)),
            );
            if positional.len() <= from(*first) {
                found.extend(self.keyword_argument(call, "iterable").map(Argument::items));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// The values of all keyword arguments of a call.
    pub fn keyword_values(&self, call: Site) -> Vec<Site> {
        let tree = self.file(call.file).tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return Vec::new() };
        let keywords = tree.children(list).filter(|node| tree.kind(*node) == Kind::KeywordArgument);
        keywords
            .filter_map(|node| tree.child(node, Field::Value))
            .map(|node| Site { file: call.file, node })
            .collect()
    }

    /// What is unpacked into a call by `*` or `**`.
    fn splats(&self, call: Site, kind: Kind) -> Vec<Site> {
        let tree = self.file(call.file).tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return Vec::new() };
        let splats = tree.children(list).filter(|node| tree.kind(*node) == kind);
        splats
            .filter_map(|node| tree.children(node).next())
            .map(|node| Site { file: call.file, node })
            .collect()
    }

    /// The values of the keyword arguments that are passed on: all but those of the API itself.
    fn own_keywords(&self, dispatch: &Dispatch) -> Vec<Site> {
        let entry = dispatch.api(self.project);
        let facts = self.file(dispatch.call.file);
        let tree = facts.tree();
        let Some(list) = tree.child(dispatch.call.node, Field::Arguments) else {
            return Vec::new();
        };
        let keywords: Vec<NodeId> =
            tree.children(list).filter(|node| tree.kind(*node) == Kind::KeywordArgument).collect();
        let given = self.positional_arguments(dispatch.call).len() as i32;
        // `submit(apply, fn=f)`: what is given by position already is no keyword of the API's.
        let is_slot = |parameter: &crate::catalogue::Parameter, name: &str| {
            parameter.name == name && parameter.pos + dispatch.shift >= given
        };
        keywords
            .into_iter()
            .filter(|node| {
                let name = tree.child(*node, Field::Name).map_or("", |name| facts.text(name));
                let is_api = entry.callables.iter().any(|parameter| is_slot(parameter, name))
                    || entry.not_pickled.iter().any(|own| own == name);
                !is_api && name != "timeout" && name != "chunksize"
            })
            .filter_map(|node| tree.child(node, Field::Value))
            .map(|node| Site { file: dispatch.call.file, node })
            .collect()
    }
}
