//! The files of one commit, read from git's object store without a checkout.

use crate::git::Sealed;
use crate::text::ReadError;
use crate::text::source::MAX_BYTES;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

/// The regular files of a commit. Symbolic links and submodules are left out: a link may lead out
/// of the repository.
#[derive(Debug)]
pub struct Tree {
    blobs: BTreeMap<String, String>,
    batch: Mutex<Batch>,
    /// What the running git looks at must stay as long as it runs.
    _sealed: Arc<Sealed>,
}

/// `git cat-file --batch`, started when the first file is read.
#[derive(Debug)]
struct Batch {
    command: Command,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It only reads, so ending it loses nothing; waiting keeps it from staying as a zombie.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Tree {
    /// Takes the output of `git ls-tree -r -z`; `git` is a git command of the repository without arguments.
    pub(super) fn new(mut git: Command, sealed: Arc<Sealed>, listing: &[u8]) -> Self {
        let mut blobs = BTreeMap::new();
        for entry in listing.split(|byte| *byte == 0) {
            let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else { continue };
            let head = String::from_utf8_lossy(&entry[..tab]);
            let mut words = head.split(' ');
            if let (Some("100644" | "100755" | "100664"), Some("blob"), Some(id)) =
                (words.next(), words.next(), words.next())
            {
                blobs
                    .insert(String::from_utf8_lossy(&entry[tab + 1..]).into_owned(), id.to_owned());
            }
        }
        git.args(["cat-file", "--batch"]);
        Self { blobs, batch: Mutex::new(Batch { command: git, running: None }), _sealed: sealed }
    }

    /// The paths of all files, sorted, from the top of the repository.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.blobs.keys().map(String::as_str)
    }

    /// Whether the commit has a regular file of that path.
    pub fn contains(&self, path: &str) -> bool {
        self.blobs.contains_key(path)
    }

    /// The bytes of a file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let id = self
            .blobs
            .get(path)
            .ok_or_else(|| ReadError::Io("the commit has no such file".into()))?;
        let mut batch =
            self.batch.lock().map_err(|_| ReadError::Io("git cat-file was interrupted".into()))?;
        batch.read(id).map_err(|error| ReadError::Io(format!("git cat-file failed: {error}")))?
    }
}

impl Batch {
    fn read(&mut self, id: &str) -> std::io::Result<Result<Vec<u8>, ReadError>> {
        if self.running.is_none() {
            self.running = Some(Running::start(&mut self.command)?);
        }
        let answer = self.running.as_mut().map(|running| running.ask(id));
        match answer {
            Some(Ok(bytes)) => Ok(bytes),
            Some(Err(error)) => {
                // Whatever is left in the pipe belongs to this file: a new process starts clean.
                self.running = None;
                Err(error)
            }
            None => Err(std::io::Error::other("it did not start")),
        }
    }
}

impl Running {
    fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let input =
            child.stdin.take().ok_or_else(|| std::io::Error::other("no pipe to write to"))?;
        let output =
            child.stdout.take().ok_or_else(|| std::io::Error::other("no pipe to read from"))?;
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    fn ask(&mut self, id: &str) -> std::io::Result<Result<Vec<u8>, ReadError>> {
        writeln!(self.input, "{id}")?;
        self.input.flush()?;
        let mut header = String::new();
        self.output.read_line(&mut header)?;
        let mut words = header.split_whitespace();
        let (_, kind, size) = (words.next(), words.next(), words.next());
        let size: u64 = match (kind, size.and_then(|size| size.parse().ok())) {
            (Some("blob"), Some(size)) => size,
            _ => return Err(std::io::Error::other(format!("it answered '{}'", header.trim()))),
        };
        if size > MAX_BYTES as u64 {
            std::io::copy(&mut (&mut self.output).take(size + 1), &mut std::io::sink())?;
            return Ok(Err(ReadError::TooLarge(usize::try_from(size).unwrap_or(usize::MAX))));
        }
        let mut bytes = vec![0; size as usize + 1];
        self.output.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(Ok(bytes))
    }
}
