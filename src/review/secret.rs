//! A token that no output shows.

/// A secret. It has no `Display`, and its `Debug` says nothing of it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the text of a token without the blanks and newlines that environment files add.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The token itself, for the request's header and nothing else.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with the token replaced, wherever it came from.
    pub(super) fn hide(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}
