//! What new objects of the standard library keep of what they are given.

/// What an object of another library keeps of the arguments of its constructor.
pub(in crate::project) enum Stores {
    /// All of them.
    Arguments,
    /// The items of the positional ones.
    Items,
    /// The items of the positional ones, and the keyword ones.
    Mapping,
    /// Not known.
    Unknown,
}

/// What the callable at a dotted path keeps of its arguments.
pub(in crate::project) fn stored_by(path: &str) -> Stores {
    match path {
        "functools.partial"
        | "types.SimpleNamespace"
        | "collections.defaultdict"
        | "builtins.map"
        | "builtins.filter" => Stores::Arguments,
        "builtins.dict" | "collections.OrderedDict" | "collections.Counter" => Stores::Mapping,
        "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.frozenset"
        | "builtins.sorted" | "collections.deque" | "builtins.reversed" | "builtins.zip"
        | "builtins.enumerate" | "builtins.iter" | "itertools.chain" | "itertools.product" => {
            Stores::Items
        }
        "itertools.repeat" => Stores::Arguments,
        // Datasets and transforms of PyTorch keep what they are made of.
        _ if path.starts_with("torchvision.")
            || path.starts_with("torch.utils.data.") && !path.ends_with("DataLoader") =>
        {
            Stores::Arguments
        }
        _ => Stores::Unknown,
    }
}
