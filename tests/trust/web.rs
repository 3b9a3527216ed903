//! A git server on this machine that asks for a login, by git's own program for web servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// The server; it answers as long as the test runs.
pub(crate) struct Server {
    port: u16,
    /// What the requests gave as their `Authorization`.
    logins: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves the repositories in `root` to those who give `login` (`user:password`).
    pub(crate) fn start(root: &Path, login: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        let port = listener.local_addr().expect("an address").port();
        let logins = Arc::new(Mutex::new(Vec::new()));
        let (root, seen) = (root.to_path_buf(), logins.clone());
        let wanted = format!("Basic {}", base64(login.as_bytes()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, seen, wanted) = (root.clone(), seen.clone(), wanted.clone());
                std::thread::spawn(move || answer(stream, &root, &wanted, &seen));
            }
        });
        Self { port, logins }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn logins(&self) -> Vec<String> {
        self.logins.lock().expect("the list").clone()
    }
}

fn answer(mut stream: TcpStream, root: &PathBuf, wanted: &str, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("the same connection"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a request");
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or("GET"), words.next().unwrap_or("/").to_owned());
    let method = method.to_owned();
    let mut headers = std::collections::BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let length: usize = header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    seen.lock().expect("the list").push(header("authorization"));
    if header("authorization") != wanted {
        let refusal = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(refusal.as_bytes());
        return;
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut backend = Command::new("git");
    crate::ground::isolated(&mut backend)
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", length.to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = backend.spawn().expect("git starts");
    child.stdin.take().expect("a pipe").write_all(&body).expect("the body is passed on");
    let output = child.wait_with_output().expect("git ends").stdout;
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n");
    let _ = stream.write_all(&output);
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| (word << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { letter as char } else { '=' });
        }
    }
    out
}
