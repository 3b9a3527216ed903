//! The user's git: diffs, merge bases and files of commits, with hostile names and settings.

use spawnsafe::engine::Files;
use spawnsafe::review::base::{BaseFiles, CommitFiles};
use spawnsafe::review::git::{GitError, Repository};
use spawnsafe::review::{Changes, patch};
use spawnsafe::text::ReadError;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A repository in a folder of its own, untouched by the user's settings.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there")
    }

    /// Runs git and gives what it prints.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = isolated(Command::new("git").current_dir(self.folder.path()))
            .args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@example.org",
                "-c",
                "protocol.file.allow=always",
            ])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(path, text).expect("the file is written");
    }

    /// Commits everything and gives the commit's name.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn repository(&self) -> Repository {
        Repository::discover(&self.path()).expect("it is a repository")
    }
}

/// Without the settings of whoever runs the tests.
pub(crate) fn isolated(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars().filter(|(name, _)| {
        name.starts_with("GIT_") || name.starts_with("GITHUB_") || name.starts_with("CI_")
    }) {
        command.env_remove(name);
    }
    command
        .env_remove("GITLAB_CI")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("NO_COLOR", "1")
}

fn changes(repository: &Repository, from: &str, to: Option<&str>) -> Changes {
    let diff = repository.diff(from, to).expect("git diff works");
    Changes::new(patch::parse(&diff).expect("git's diff parses"))
}

struct Nothing;

impl Files for Nothing {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        Err(ReadError::Io(format!("{} is asked of the new side", path.display())))
    }
}

#[test]
fn hostile_names_come_through() {
    let sandbox = Sandbox::new();
    sandbox.commit("empty");
    let names = [
        "plain.py",
        "a b.py",
        "q\"uote.py",
        "back\\slash.py",
        "new\nline.py",
        "tab\t.py",
        "näh.py",
        "b/x.py",
        "--flag.py",
        " lead.py",
        "日本/語.py",
    ];
    for name in names {
        sandbox.write(name, format!("# {name:?}\n"));
    }
    let head = sandbox.commit("names");
    let repository = sandbox.repository();
    let found = changes(&repository, &repository.commit("HEAD~1").expect("a parent"), Some(&head));
    let mut expected: Vec<&str> = names.to_vec();
    expected.sort_unstable();
    assert_eq!(found.files().map(|(path, _)| path).collect::<Vec<_>>(), expected);
    let tree = repository.tree(&head).expect("the commit");
    assert_eq!(tree.paths().collect::<Vec<_>>(), expected);
    let files = CommitFiles { repository: &repository, tree: &tree };
    for name in names {
        assert_eq!(
            files.read(Path::new(name)).expect("the file"),
            format!("# {name:?}\n").as_bytes()
        );
        assert_eq!(repository.key(Path::new(name)).as_deref(), Some(name));
        assert_eq!(repository.shown(name), Path::new(name));
    }
}

#[test]
fn links_and_submodules_are_no_files() {
    let sandbox = Sandbox::new();
    let other = Sandbox::new();
    other.commit("other");
    sandbox.write("real.py", "x = 1\n");
    std::os::unix::fs::symlink("/etc/passwd", sandbox.path().join("leak.py")).expect("a link");
    sandbox.git(&["submodule", "add", "-q", &other.path().to_string_lossy(), "sub.py"]);
    let head = sandbox.commit("links");
    let tree = sandbox.repository().tree(&head).expect("the commit");
    assert_eq!(tree.paths().collect::<Vec<_>>(), [".gitmodules", "real.py"]);
    assert!(tree.read("leak.py").is_err());
}

#[test]
fn the_old_side_is_the_base_for_what_changed_and_the_new_side_for_the_rest() {
    let sandbox = Sandbox::new();
    let long = "value = 1\n".repeat(20);
    for (path, text) in [
        ("same.py", "same\n"),
        ("edited.py", "old\n"),
        ("old.py", long.as_str()),
        ("gone.py", "gone\n"),
        ("gone.txt", "gone\n"),
    ] {
        sandbox.write(path, text);
    }
    let base = sandbox.commit("base");
    sandbox.git(&["mv", "old.py", "moved.py"]);
    sandbox.git(&["rm", "-q", "gone.py", "gone.txt"]);
    sandbox.write("edited.py", "new\n");
    sandbox.write("added.py", "added\n");
    sandbox.git(&["add", "-A"]);
    let repository = sandbox.repository();
    let found = changes(&repository, &base, None);
    let tree = repository.tree(&base).expect("the base");
    let paths: Vec<PathBuf> =
        ["added.py", "edited.py", "moved.py", "same.py"].map(PathBuf::from).to_vec();
    let files = BaseFiles::new(&repository, &tree, &found, &paths, &Nothing);
    assert_eq!(files.paths(), ["edited.py", "gone.py", "old.py", "same.py"].map(PathBuf::from));
    assert_eq!(files.read(Path::new("edited.py")).expect("from the base"), b"old\n");
    assert_eq!(files.read(Path::new("old.py")).expect("from the base"), long.as_bytes());
    assert!(files.read(Path::new("same.py")).is_err(), "unchanged files are those of the new side");
}

#[test]
fn below_the_top_paths_start_from_the_current_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("sub/x.py", "x\n");
    sandbox.commit("x");
    let repository = Repository::discover(&sandbox.path().join("sub")).expect("it is a repository");
    assert_eq!(repository.key(Path::new("x.py")).as_deref(), Some("sub/x.py"));
    assert_eq!(repository.key(Path::new("../y.py")).as_deref(), Some("y.py"));
    assert_eq!(repository.shown("sub/x.py"), Path::new("x.py"));
    assert_eq!(repository.key(Path::new("/elsewhere/x.py")), None);
}

#[test]
fn a_merge_base_is_where_the_change_began() {
    let sandbox = Sandbox::new();
    let start = sandbox.commit("start");
    sandbox.git(&["checkout", "-q", "-b", "topic"]);
    sandbox.commit("topic");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.commit("later");
    let repository = sandbox.repository();
    assert_eq!(repository.merge_base("main", "topic").expect("a merge base"), start);
    sandbox.git(&["checkout", "-q", "--orphan", "apart"]);
    sandbox.commit("apart");
    assert_eq!(
        repository.merge_base("main", "apart"),
        Err(GitError::NoMergeBase("main".into(), "apart".into()))
    );
    for name in ["nothing", "--output=x", "-h", "", "main:x", "$(touch x)"] {
        assert_eq!(repository.commit(name), Err(GitError::UnknownRevision(name.into())), "{name}");
    }
    assert!(!sandbox.path().join("x").exists());
}

#[test]
fn settings_and_programs_of_the_repository_are_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("x.py", "a\n");
    let base = sandbox.commit("base");
    sandbox.write("x.py", "b\n");
    let trap = sandbox.path().join("trap");
    let run = format!("touch {}", trap.display());
    for (key, value) in [
        ("diff.external", run.as_str()),
        ("diff.trap.textconv", &run),
        ("diff.trap.command", &run),
        ("core.fsmonitor", &run),
        ("core.pager", &run),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("color.diff", "always"),
        ("color.ui", "always"),
        ("diff.context", "0"),
        ("diff.interHunkContext", "50"),
        ("diff.algorithm", "histogram"),
    ] {
        sandbox.git(&["config", key, value]);
    }
    sandbox.write(".gitattributes", "*.py diff=trap\n");
    let found = changes(&sandbox.repository(), &base, None);
    assert_eq!(found.files().map(|(path, _)| path).collect::<Vec<_>>(), ["x.py"]);
    assert!(!trap.exists(), "a program of the repository was run");
}

#[test]
fn outside_of_a_repository_there_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert!(matches!(Repository::discover(folder.path()), Err(GitError::NoRepository(_))));
}
