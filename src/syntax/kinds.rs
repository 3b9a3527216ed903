//! Node kinds and fields of the pinned grammar as enums, so that a misspelt kind does not compile.

use std::sync::LazyLock;

macro_rules! kinds {
    (named { $($named:ident = $named_text:literal),* $(,)? } anonymous { $($token:ident = $token_text:literal),* $(,)? }) => {
        /// What a node is. Keywords and punctuation have kinds of their own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Kind { Unknown, $($named,)* $($token,)* }

        const NAMED: &[(&str, Kind)] = &[$(($named_text, Kind::$named),)*];
        const TOKENS: &[(&str, Kind)] = &[$(($token_text, Kind::$token),)*];
    };
}

macro_rules! fields {
    ($($field:ident = $text:literal),* $(,)?) => {
        /// The role a node has in its parent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Field { None, $($field,)* }

        const FIELDS: &[(&str, Field)] = &[$(($text, Field::$field),)*];
    };
}

kinds! {
    named {
        Error = "ERROR",
        AliasedImport = "aliased_import",
        ArgumentList = "argument_list",
        AsPattern = "as_pattern",
        AsPatternTarget = "as_pattern_target",
        AssertStatement = "assert_statement",
        Assignment = "assignment",
        Attribute = "attribute",
        AugmentedAssignment = "augmented_assignment",
        Await = "await",
        BinaryOperator = "binary_operator",
        Block = "block",
        BooleanOperator = "boolean_operator",
        BreakStatement = "break_statement",
        Call = "call",
        CaseClause = "case_clause",
        CasePattern = "case_pattern",
        Chevron = "chevron",
        ClassDefinition = "class_definition",
        ClassPattern = "class_pattern",
        Comment = "comment",
        ComparisonOperator = "comparison_operator",
        ComplexPattern = "complex_pattern",
        ConcatenatedString = "concatenated_string",
        ConditionalExpression = "conditional_expression",
        ConstrainedType = "constrained_type",
        ContinueStatement = "continue_statement",
        DecoratedDefinition = "decorated_definition",
        Decorator = "decorator",
        DefaultParameter = "default_parameter",
        DeleteStatement = "delete_statement",
        DictPattern = "dict_pattern",
        Dictionary = "dictionary",
        DictionaryComprehension = "dictionary_comprehension",
        DictionarySplat = "dictionary_splat",
        DictionarySplatPattern = "dictionary_splat_pattern",
        DottedName = "dotted_name",
        ElifClause = "elif_clause",
        Ellipsis = "ellipsis",
        ElseClause = "else_clause",
        EscapeInterpolation = "escape_interpolation",
        EscapeSequence = "escape_sequence",
        ExceptClause = "except_clause",
        ExecStatement = "exec_statement",
        Expression = "expression",
        ExpressionList = "expression_list",
        ExpressionStatement = "expression_statement",
        False = "false",
        FinallyClause = "finally_clause",
        Float = "float",
        ForInClause = "for_in_clause",
        ForStatement = "for_statement",
        FormatExpression = "format_expression",
        FormatSpecifier = "format_specifier",
        FunctionDefinition = "function_definition",
        FutureImportStatement = "future_import_statement",
        GeneratorExpression = "generator_expression",
        GenericType = "generic_type",
        GlobalStatement = "global_statement",
        Identifier = "identifier",
        IfClause = "if_clause",
        IfStatement = "if_statement",
        ImportFromStatement = "import_from_statement",
        ImportPrefix = "import_prefix",
        ImportStatement = "import_statement",
        Integer = "integer",
        Interpolation = "interpolation",
        KeywordArgument = "keyword_argument",
        KeywordPattern = "keyword_pattern",
        KeywordSeparator = "keyword_separator",
        Lambda = "lambda",
        LambdaParameters = "lambda_parameters",
        LineContinuation = "line_continuation",
        List = "list",
        ListComprehension = "list_comprehension",
        ListPattern = "list_pattern",
        ListSplat = "list_splat",
        ListSplatPattern = "list_splat_pattern",
        MatchStatement = "match_statement",
        MemberType = "member_type",
        Module = "module",
        NamedExpression = "named_expression",
        None = "none",
        NonlocalStatement = "nonlocal_statement",
        NotOperator = "not_operator",
        Pair = "pair",
        Parameter = "parameter",
        Parameters = "parameters",
        ParenthesizedExpression = "parenthesized_expression",
        ParenthesizedListSplat = "parenthesized_list_splat",
        PassStatement = "pass_statement",
        Pattern = "pattern",
        PatternList = "pattern_list",
        PositionalSeparator = "positional_separator",
        PrimaryExpression = "primary_expression",
        PrintStatement = "print_statement",
        RaiseStatement = "raise_statement",
        RelativeImport = "relative_import",
        ReturnStatement = "return_statement",
        Set = "set",
        SetComprehension = "set_comprehension",
        Slice = "slice",
        SplatPattern = "splat_pattern",
        SplatType = "splat_type",
        String = "string",
        StringContent = "string_content",
        StringEnd = "string_end",
        StringStart = "string_start",
        Subscript = "subscript",
        True = "true",
        TryStatement = "try_statement",
        Tuple = "tuple",
        TuplePattern = "tuple_pattern",
        Type = "type",
        TypeAliasStatement = "type_alias_statement",
        TypeConversion = "type_conversion",
        TypeParameter = "type_parameter",
        TypedDefaultParameter = "typed_default_parameter",
        TypedParameter = "typed_parameter",
        UnaryOperator = "unary_operator",
        UnionPattern = "union_pattern",
        UnionType = "union_type",
        WhileStatement = "while_statement",
        WildcardImport = "wildcard_import",
        WithClause = "with_clause",
        WithItem = "with_item",
        WithStatement = "with_statement",
        Yield = "yield",
    }
    anonymous {
        NotEqual = "!=",
        Percent = "%",
        PercentEqual = "%=",
        Ampersand = "&",
        AmpersandEqual = "&=",
        OpenParen = "(",
        CloseParen = ")",
        Star = "*",
        StarStar = "**",
        StarStarEqual = "**=",
        StarEqual = "*=",
        Plus = "+",
        PlusEqual = "+=",
        Comma = ",",
        Minus = "-",
        MinusEqual = "-=",
        Arrow = "->",
        Dot = ".",
        Slash = "/",
        SlashSlash = "//",
        SlashSlashEqual = "//=",
        SlashEqual = "/=",
        Colon = ":",
        ColonEqual = ":=",
        Semicolon = ";",
        Less = "<",
        ShiftLeft = "<<",
        ShiftLeftEqual = "<<=",
        LessEqual = "<=",
        LessGreater = "<>",
        Equal = "=",
        EqualEqual = "==",
        Greater = ">",
        GreaterEqual = ">=",
        ShiftRight = ">>",
        ShiftRightEqual = ">>=",
        At = "@",
        AtEqual = "@=",
        OpenBracket = "[",
        Backslash = "\\",
        CloseBracket = "]",
        Caret = "^",
        CaretEqual = "^=",
        Underscore = "_",
        FutureModule = "__future__",
        AndKeyword = "and",
        AsKeyword = "as",
        AssertKeyword = "assert",
        AsyncKeyword = "async",
        AwaitKeyword = "await",
        BreakKeyword = "break",
        CaseKeyword = "case",
        ClassKeyword = "class",
        ContinueKeyword = "continue",
        DefKeyword = "def",
        DelKeyword = "del",
        ElifKeyword = "elif",
        ElseKeyword = "else",
        ExceptKeyword = "except",
        ExecKeyword = "exec",
        FinallyKeyword = "finally",
        ForKeyword = "for",
        FromKeyword = "from",
        GlobalKeyword = "global",
        IfKeyword = "if",
        ImportKeyword = "import",
        InKeyword = "in",
        IsKeyword = "is",
        IsNot = "is not",
        LambdaKeyword = "lambda",
        MatchKeyword = "match",
        NonlocalKeyword = "nonlocal",
        NotKeyword = "not",
        NotIn = "not in",
        OrKeyword = "or",
        PassKeyword = "pass",
        PrintKeyword = "print",
        RaiseKeyword = "raise",
        ReturnKeyword = "return",
        TryKeyword = "try",
        TypeKeyword = "type",
        WhileKeyword = "while",
        WithKeyword = "with",
        YieldKeyword = "yield",
        OpenBrace = "{",
        Pipe = "|",
        PipeEqual = "|=",
        CloseBrace = "}",
        Tilde = "~",
    }
}

fields! {
    Alias = "alias",
    Alternative = "alternative",
    Argument = "argument",
    Arguments = "arguments",
    Attribute = "attribute",
    Body = "body",
    Cause = "cause",
    Code = "code",
    Condition = "condition",
    Consequence = "consequence",
    Definition = "definition",
    Expression = "expression",
    FormatSpecifier = "format_specifier",
    Function = "function",
    Guard = "guard",
    Key = "key",
    Left = "left",
    ModuleName = "module_name",
    Name = "name",
    Object = "object",
    Operator = "operator",
    Operators = "operators",
    Parameters = "parameters",
    ReturnType = "return_type",
    Right = "right",
    Subject = "subject",
    Subscript = "subscript",
    Superclasses = "superclasses",
    Type = "type",
    TypeConversion = "type_conversion",
    TypeParameters = "type_parameters",
    Value = "value",
}

/// Kinds by tree-sitter's kind id, fields by its field id.
struct Tables {
    kinds: Vec<Kind>,
    fields: Vec<Field>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let language = tree_sitter::Language::from(tree_sitter_python::LANGUAGE);
    let lookup = |table: &[(&str, Kind)], text: &str| {
        table.iter().find(|row| row.0 == text).map_or(Kind::Unknown, |row| row.1)
    };
    let kinds = (0..language.node_kind_count() as u16)
        .map(|id| {
            let text = language.node_kind_for_id(id).unwrap_or_default();
            lookup(if language.node_kind_is_named(id) { NAMED } else { TOKENS }, text)
        })
        .collect();
    let fields = (0..=language.field_count() as u16)
        .map(|id| {
            let text = language.field_name_for_id(id).unwrap_or_default();
            FIELDS.iter().find(|row| row.0 == text).map_or(Field::None, |row| row.1)
        })
        .collect();
    Tables { kinds, fields }
});

impl Kind {
    /// The kind with tree-sitter's `kind_id`.
    pub(super) fn from_id(id: u16) -> Self {
        TABLES.kinds.get(id as usize).copied().unwrap_or(if id == u16::MAX {
            Self::Error
        } else {
            Self::Unknown
        })
    }

    /// Whether the node is a keyword or punctuation.
    pub fn is_token(self) -> bool {
        self as u8 >= FIRST_TOKEN as u8
    }
}

impl Field {
    /// The field with tree-sitter's field id; `None` for a node without a role.
    pub(super) fn from_id(id: Option<std::num::NonZeroU16>) -> Self {
        id.and_then(|id| TABLES.fields.get(id.get() as usize).copied()).unwrap_or(Self::None)
    }
}

const FIRST_TOKEN: Kind = TOKENS[0].1;
