//! One file's text, with what is needed to write it back byte for byte.

use super::{LineIndex, Span};
use encoding_rs::Encoding;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Files above this size are not read: the parser needs up to a hundred times the size in memory.
pub const MAX_BYTES: usize = 16 << 20;

/// Why a file could not be turned into text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(String),
    /// Larger than [`MAX_BYTES`].
    #[error("is {0} bytes long; files above {MAX_BYTES} bytes are not analysed")]
    TooLarge(usize),
    /// The PEP 263 cookie names a codec that is not known.
    #[error("declares the encoding '{0}', which is not known here")]
    UnknownEncoding(String),
    /// Lines end with a carriage return alone: Python reads them, the grammar does not.
    #[error("has lines that end with a carriage return alone; convert them to LF or CR LF")]
    LoneCarriageReturns,
    /// The bytes do not fit the declared (or default) encoding.
    #[error(
        "is not valid {encoding} (first bad byte near offset {offset}); declare its encoding in the first two lines (PEP 263) or convert it to UTF-8"
    )]
    Undecodable {
        /// The codec that was tried.
        encoding: String,
        /// 0-based byte offset.
        offset: usize,
    },
}

/// A decoded file. Spans count bytes of [`text`](Self::text), which has no byte order mark.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as it is shown and written.
    pub path: PathBuf,
    /// The decoded text, newlines as they are in the file.
    pub text: String,
    bom: bool,
    encoding: &'static Encoding,
    lines: OnceLock<LineIndex>,
}

impl SourceFile {
    /// A file with the given text, UTF-8 without a byte order mark.
    pub fn from_text(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            bom: false,
            encoding: encoding_rs::UTF_8,
            lines: OnceLock::new(),
        }
    }

    /// Decodes `bytes` as Python does: byte order mark, PEP 263 cookie, else UTF-8.
    pub fn decode(path: &Path, bytes: Vec<u8>) -> Result<Self, ReadError> {
        if bytes.len() > MAX_BYTES {
            return Err(ReadError::TooLarge(bytes.len()));
        }
        let bom = bytes.starts_with(b"\xef\xbb\xbf");
        let body = if bom { bytes[3..].to_vec() } else { bytes };
        let encoding = match cookie(&body) {
            Some(name) => encoding_named(&name).ok_or(ReadError::UnknownEncoding(name))?,
            None => encoding_rs::UTF_8,
        };
        if let Some(offset) = beyond_ascii(cookie(&body).as_deref(), &body) {
            return Err(ReadError::Undecodable { encoding: "ASCII".into(), offset });
        }
        let text = if encoding == encoding_rs::UTF_8 {
            String::from_utf8(body).map_err(|error| ReadError::Undecodable {
                encoding: "UTF-8".into(),
                offset: error.utf8_error().valid_up_to() + if bom { 3 } else { 0 },
            })?
        } else {
            let undecodable =
                || ReadError::Undecodable { encoding: encoding.name().into(), offset: 0 };
            let text = encoding
                .decode_without_bom_handling_and_without_replacement(&body)
                .ok_or_else(undecodable)?
                .into_owned();
            // A codec that loses what it reads could not write the lines that stay as they are.
            if encoding.encode(&text).0 != body {
                return Err(undecodable());
            }
            text
        };
        if text.contains('\r') && !text.contains('\n') {
            return Err(ReadError::LoneCarriageReturns);
        }
        Ok(Self { path: path.to_path_buf(), text, bom, encoding, lines: OnceLock::new() })
    }

    /// The bytes of `text` in this file's encoding, byte order mark included; `None` if a character
    /// has no place in it.
    pub fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let mut bytes = if self.bom { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        let (body, _, unmappable) = self.encoding.encode(text);
        bytes.extend_from_slice(&body);
        (!unmappable).then_some(bytes)
    }

    /// The same file (path, encoding, byte order mark) with another text.
    pub fn with_text(&self, text: String) -> Self {
        Self {
            path: self.path.clone(),
            text,
            bom: self.bom,
            encoding: self.encoding,
            lines: OnceLock::new(),
        }
    }

    /// The same file under another path.
    pub fn at_path(&self, path: PathBuf) -> Self {
        Self { path, ..self.with_text(self.text.clone()) }
    }

    /// Whether the file starts with a byte order mark.
    pub fn has_bom(&self) -> bool {
        self.bom
    }

    /// Line starts, found on first use.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// The newline of this file: that of its first line, `\n` for a file of one line.
    pub fn newline(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if at > 0 && self.text.as_bytes()[at - 1] == b'\r' => "\r\n",
            _ => "\n",
        }
    }
}

/// The codec that a PEP 263 cookie in one of the first two lines names.
fn cookie(bytes: &[u8]) -> Option<String> {
    for (number, line) in bytes.split(|byte| *byte == b'\n').take(2).enumerate() {
        let line = String::from_utf8_lossy(line);
        let trimmed = line.trim_start_matches([' ', '\t', '\x0c']);
        if let Some(comment) = trimmed.strip_prefix('#') {
            if let Some(name) = cookie_in(comment) {
                return Some(name);
            }
        } else if number == 0 && !trimmed.trim().is_empty() {
            return None;
        }
    }
    None
}

fn cookie_in(comment: &str) -> Option<String> {
    let mut rest = comment;
    while let Some(at) = rest.find("coding") {
        rest = &rest[at + "coding".len()..];
        let Some(value) = rest.strip_prefix([':', '=']) else { continue };
        let value = value.trim_start_matches([' ', '\t']);
        let name: String = value
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .collect();
        if !name.is_empty() {
            return Some(name);
        }
    }
    None
}

/// Where a file that declares ASCII has another byte; `encoding_rs` knows ASCII only as a part of windows-1252.
fn beyond_ascii(cookie: Option<&str>, body: &[u8]) -> Option<usize> {
    let plain = cookie?.to_ascii_lowercase().replace('_', "-");
    matches!(plain.as_str(), "ascii" | "us-ascii" | "646")
        .then(|| body.iter().position(|byte| !byte.is_ascii()))
        .flatten()
}

/// Python's spelling of a codec as an `encoding_rs` encoding.
fn encoding_named(name: &str) -> Option<&'static Encoding> {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let label = match plain.as_str() {
        "utf8" | "utf-8" | "u8" | "utf-8-sig" | "utf8-sig" | "utf" => "utf-8",
        "latin-1" | "latin1" | "l1" | "iso8859-1" | "8859" => "iso-8859-1",
        "latin-9" | "l9" | "iso8859-15" => "iso-8859-15",
        "us-ascii" | "646" => "ascii",
        "cp932" | "ms932" | "mskanji" | "sjis" | "s-jis" => "shift_jis",
        "euc-jp" | "eucjp" | "ujis" => "euc-jp",
        "cp949" | "uhc" | "euckr" => "euc-kr",
        "cp936" | "936" | "ms936" => "gbk",
        "cp1252" => "windows-1252",
        other => other,
    };
    Encoding::for_label(label.as_bytes())
        .or_else(|| Encoding::for_label(label.replace("iso8859", "iso-8859").as_bytes()))
        .or_else(|| {
            label
                .strip_prefix("cp")
                .and_then(|number| Encoding::for_label(format!("windows-{number}").as_bytes()))
        })
}
