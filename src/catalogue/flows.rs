//! What library functions do with what they are given, as data: `flows.toml` beside this file.

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Where a value comes from or goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// An argument, by position, by keyword, or both.
    Argument {
        /// The position, without `self`.
        position: Option<u32>,
        /// The keyword.
        keyword: Option<String>,
    },
    /// Every positional argument.
    Positional,
    /// Every positional argument, where there is more than one.
    Several,
    /// Every keyword argument.
    Keywords,
    /// The object whose method is called.
    Receiver,
    /// What the call gives.
    Result,
    /// What a call of an argument gives.
    Call {
        /// The argument that is called.
        callee: Box<Place>,
        /// What it is given.
        arguments: Vec<Place>,
    },
}

/// A part that is taken of a value, or made in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// An element, as a loop takes it.
    Element,
    /// The item with that number.
    Item(u32),
    /// The item with the number of the argument at hand.
    OwnItem,
    /// What is under the key, or at the number, that an argument says.
    At(u32),
    /// What is under the name of the keyword at hand.
    OwnKey,
    /// The value under every key.
    Values,
    /// Every key.
    Keys,
    /// All items and values, each in its place.
    All,
    /// What `with` binds.
    Entered,
    /// The attribute that an argument names.
    Attribute(u32),
    /// The attribute with the name of the keyword at hand.
    OwnAttribute,
    /// The attribute of that name.
    Member(&'static str),
}

/// A root, and the parts that are taken of it one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it begins.
    pub root: Root,
    /// What is taken.
    pub hops: Vec<Hop>,
}

/// One way of a value through a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Where it comes from.
    pub from: Place,
    /// Where it goes.
    pub to: Place,
}

/// What one function or method does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flows {
    /// The ways of values.
    pub flows: Vec<Flow>,
    /// Calls that it makes besides: their results go nowhere.
    pub calls: Vec<Place>,
}

impl Flows {
    /// Whether the call gives an object of its own that holds what goes into it.
    pub fn makes_container(&self) -> bool {
        let makes = |flow: &Flow| flow.to.root == Root::Result && !flow.to.hops.is_empty();
        self.flows.iter().any(makes)
    }

    /// Whether the call gives its first argument back.
    pub fn hands_on_first(&self) -> bool {
        let first = Root::Argument { position: Some(0), keyword: None };
        self.flows.iter().any(|flow| {
            flow.from.root == first
                && flow.from.hops.is_empty()
                && flow.to == Place { root: Root::Result, hops: Vec::new() }
        })
    }

    /// Every call that the function makes of its arguments.
    pub fn made_calls(&self) -> impl Iterator<Item = &Place> {
        let inner = self.flows.iter().map(|flow| &flow.from);
        inner.filter(|place| matches!(place.root, Root::Call { .. })).chain(&self.calls)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kinds: BTreeMap<String, Vec<String>>,
    flow: Vec<Row>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    of: Vec<String>,
    flows: Vec<String>,
    #[serde(default)]
    calls: Vec<String>,
}

/// What a container is, as far as its methods are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerKind {
    /// Lists, tuples, deques.
    List,
    /// Sets.
    Set,
    /// Dictionaries.
    Dict,
    /// Any object, container or not.
    Any,
}

struct Tables {
    functions: FxHashMap<String, Flows>,
    methods: FxHashMap<(ContainerKind, String), Flows>,
    kinds: FxHashMap<String, ContainerKind>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("flows.toml"))
        .expect("the shipped flows are valid; a test reads them");
    let mut tables = Tables {
        functions: FxHashMap::default(),
        methods: FxHashMap::default(),
        kinds: FxHashMap::default(),
    };
    for (name, paths) in &file.kinds {
        let kind = kind_named(name).expect("the kinds of the shipped flows are known");
        tables.kinds.extend(paths.iter().map(|path| (path.clone(), kind)));
    }
    for row in &file.flow {
        let flows = row.flows.iter().map(|text| flow(text).expect(text)).collect();
        let calls = row.calls.iter().map(|text| place(text).expect(text)).collect();
        let found = Flows { flows, calls };
        for path in &row.paths {
            tables.functions.insert(path.clone(), found.clone());
        }
        for kind in &row.of {
            let kind = kind_named(kind).expect("the kinds of the shipped flows are known");
            for method in &row.methods {
                let into: &mut Flows = tables.methods.entry((kind, method.clone())).or_default();
                into.flows.extend(found.flows.iter().cloned());
                into.calls.extend(found.calls.iter().cloned());
            }
        }
    }
    tables
});

/// What the function or class with that dotted path does.
pub fn function(path: &str) -> Option<&'static Flows> {
    TABLES.functions.get(path)
}

/// What a method of containers does.
pub fn method(kind: ContainerKind, name: &str) -> Option<&'static Flows> {
    TABLES.methods.get(&(kind, name.to_owned()))
}

/// The methods that call a member of that name of an object that they are given.
pub fn methods_calling(member: &str) -> Vec<&'static str> {
    let calls = |place: &Place| match &place.root {
        Root::Call { callee, .. } => {
            callee.hops.iter().any(|hop| matches!(hop, Hop::Member(name) if *name == member))
        }
        _ => false,
    };
    let rows = TABLES.methods.iter().filter(|row| row.1.made_calls().any(calls));
    let mut names: Vec<&str> = rows.map(|row| row.0.1.as_str()).collect();
    names.sort_unstable();
    names
}

/// Whether a method of some container, or a function, of that last name puts something into what it is called on or given.
pub fn puts(name: &str) -> bool {
    static PUTTING: LazyLock<std::collections::HashSet<&'static str>> = LazyLock::new(|| {
        let puts = |flows: &Flows| flows.flows.iter().any(|flow| flow.to.root != Root::Result);
        let methods = TABLES.methods.iter().filter(|row| puts(row.1)).map(|row| row.0.1.as_str());
        let functions = TABLES.functions.iter().filter(|row| puts(row.1));
        methods.chain(functions.map(|row| super::last_part(row.0))).collect()
    });
    PUTTING.contains(name)
}

/// What kind of container the class or function with that path makes.
pub fn container_kind(path: &str) -> Option<ContainerKind> {
    TABLES.kinds.get(path).copied()
}

fn kind_named(name: &str) -> Option<ContainerKind> {
    match name {
        "list" => Some(ContainerKind::List),
        "set" => Some(ContainerKind::Set),
        "dict" => Some(ContainerKind::Dict),
        "any" => Some(ContainerKind::Any),
        _ => None,
    }
}

fn flow(text: &str) -> Option<Flow> {
    let (from, to) = text.split_once("->")?;
    Some(Flow { from: place(from.trim())?, to: place(to.trim())? })
}

fn place(text: &str) -> Option<Place> {
    if let Some(rest) = text.strip_prefix("call(") {
        let (inside, rest) = split_at_closing(rest)?;
        let (callee, arguments) = inside.split_once(';').unwrap_or((inside, ""));
        let arguments = arguments.split(',').map(str::trim).filter(|each| !each.is_empty());
        let root = Root::Call {
            callee: Box::new(place(callee.trim())?),
            arguments: arguments.map(place).collect::<Option<_>>()?,
        };
        return Some(Place { root, hops: hops(rest)? });
    }
    let end = text.find('.').unwrap_or(text.len());
    let (root, rest) = text.split_at(end);
    let root = match root {
        "args" => Root::Positional,
        "several" => Root::Several,
        "kwargs" => Root::Keywords,
        "self" => Root::Receiver,
        "result" => Root::Result,
        _ => {
            let (position, keyword) = root.split_once(':').unwrap_or((root, ""));
            Root::Argument {
                position: if position.is_empty() { None } else { Some(position.parse().ok()?) },
                keyword: (!keyword.is_empty()).then(|| keyword.to_owned()),
            }
        }
    };
    Some(Place { root, hops: hops(rest)? })
}

/// What stands before and behind the parenthesis that closes what was opened before `text`.
fn split_at_closing(text: &str) -> Option<(&str, &str)> {
    let mut open = 0;
    let end = text.find(|c| {
        match c {
            '(' => open += 1,
            ')' if open == 0 => return true,
            ')' => open -= 1,
            _ => {}
        }
        false
    })?;
    Some((&text[..end], &text[end + 1..]))
}

fn hops(text: &str) -> Option<Vec<Hop>> {
    text.split('.').filter(|part| !part.is_empty()).map(hop).collect()
}

fn hop(text: &str) -> Option<Hop> {
    let inside = |open: &str, close: char| text.strip_prefix(open)?.strip_suffix(close);
    match text {
        "*" => return Some(Hop::Element),
        "[#]" => return Some(Hop::OwnItem),
        "{}" => return Some(Hop::Values),
        "{#}" => return Some(Hop::OwnKey),
        "keys" => return Some(Hop::Keys),
        "all" => return Some(Hop::All),
        "enter" => return Some(Hop::Entered),
        "attribute(#)" => return Some(Hop::OwnAttribute),
        _ => {}
    }
    if let Some(number) = inside("[", ']') {
        return number.parse().ok().map(Hop::Item);
    }
    if let Some(number) = inside("{", '}') {
        return number.parse().ok().map(Hop::At);
    }
    if let Some(name) = inside("member(", ')') {
        // Read once, and kept for as long as the program runs.
        return Some(Hop::Member(name.to_owned().leak()));
    }
    inside("attribute(", ')')?.parse().ok().map(Hop::Attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_flows_are_read() {
        let zip = function("builtins.zip").expect("zip is there");
        assert!(zip.makes_container());
        let reduce = function("functools.reduce").expect("reduce is there");
        assert_eq!(reduce.made_calls().count(), 1);
        assert!(method(ContainerKind::Dict, "setdefault").is_some());
        assert!(puts("append") && puts("heappush") && !puts("zip"));
    }

    #[test]
    fn a_line_that_says_nothing_is_no_flow() {
        assert_eq!(flow("0 result"), None);
        assert_eq!(flow("0.%% -> result"), None);
    }
}
