"""What an editor sees of `spawnsafe server`: run by `cargo test --test server`, through pytest-lsp."""

import asyncio
import os
import pathlib

import pytest
import pytest_lsp
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

COMMAND = [os.environ.get("SPAWNSAFE", "spawnsafe"), "server"]

FAULTY = """\
from concurrent.futures import ProcessPoolExecutor
def work(a): return a
if __name__ == "__main__":
    with ProcessPoolExecutor() as pool:
        print(pool.submit(lambda: work(1)).result())
"""
MENDED = FAULTY.replace("lambda: work(1)", "work, 1")
POOLS = """\
from concurrent.futures import {kind}PoolExecutor


def make():
    return {kind}PoolExecutor()
"""
USER = """\
from pools import make


def run(xs):
    with make() as pool:
        return list(pool.map(lambda x: x + 1, xs))
"""


@pytest_lsp.fixture(config=ClientServerConfig(server_command=COMMAND))
async def editor(lsp_client: LanguageClient):
    @lsp_client.feature(lsp.CLIENT_REGISTER_CAPABILITY)
    def register(params: lsp.RegistrationParams):
        assert [one.method for one in params.registrations] == [lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES]

    yield
    await lsp_client.shutdown_session()


async def start(editor, folder, like="visual-studio-code", options=None, **changes):
    """Opens `folder` as the named editor does; `changes` are capabilities that it has not."""
    capabilities = client_capabilities(like)
    for path, value in changes.items():
        *outer, last = path.split("__")
        at = capabilities
        for name in outer:
            at = getattr(at, name)
        setattr(at, last, value)
    uri = pathlib.Path(folder).as_uri()
    return await editor.initialize_session(
        lsp.InitializeParams(
            capabilities=capabilities,
            root_uri=uri,
            workspace_folders=[lsp.WorkspaceFolder(uri, "project")],
            initialization_options=options,
        )
    )


def opened(editor, path, text=None, version=1):
    if text is None:
        text = path.read_text()
    uri = path.as_uri()
    item = lsp.TextDocumentItem(uri, "python", version, text)
    editor.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
    return uri


def typed(editor, uri, version, *edits):
    changes = [
        lsp.TextDocumentContentChangePartial(range=lsp.Range(*(lsp.Position(*at) for at in where)), text=text)
        for where, text in edits
    ]
    document = lsp.VersionedTextDocumentIdentifier(version=version, uri=uri)
    editor.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))


async def codes(editor, uri, expected, seconds=20):
    """Waits until these are the codes of the diagnostics."""
    seen = None
    for _ in range(int(seconds / 0.02)):
        if uri in editor.diagnostics:
            seen = [one.code for one in editor.diagnostics[uri]]
            if seen == expected:
                return editor.diagnostics[uri]
        await asyncio.sleep(0.02)
    raise AssertionError(f"{seen} instead of {expected}; messages: {editor.messages}")


async def actions(editor, uri, line, only=None, column=30):
    at = lsp.Position(line, column)
    context = lsp.CodeActionContext(diagnostics=[], only=only)
    document = lsp.TextDocumentIdentifier(uri)
    params = lsp.CodeActionParams(document, lsp.Range(at, at), context)
    return list(await editor.text_document_code_action_async(params) or [])


def applied(edit, uri, text):
    """The text of a document after a workspace edit, as an editor that counts in UTF-16 applies it."""
    if edit.document_changes is not None:
        edits = [e for change in edit.document_changes if change.text_document.uri == uri for e in change.edits]
    else:
        edits = edit.changes[uri]
    lines = text.splitlines(keepends=True) + [""]

    def offset(position):
        before = "".join(lines[: position.line])
        units = lines[position.line].encode("utf-16-le")[: 2 * position.character]
        return len(before) + len(units.decode("utf-16-le"))

    for one in sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True):
        text = text[: offset(one.range.start)] + one.new_text + text[offset(one.range.end) :]
    return text


@pytest.mark.asyncio
async def test_diagnostics_while_typing(editor, tmp_path):
    result = await start(editor, tmp_path)
    sync = result.capabilities.text_document_sync
    assert sync.change == lsp.TextDocumentSyncKind.Incremental
    assert result.server_info.name == "spawnsafe"
    uri = opened(editor, tmp_path / "job.py", FAULTY)
    [found] = await codes(editor, uri, ["SP101"])
    assert (found.range.start.line, found.range.start.character) == (4, 26)
    assert found.source == "spawnsafe"
    assert found.severity == lsp.DiagnosticSeverity.Error, "it fails in every run"
    assert "made here" in found.related_information[0].message
    typed(editor, uri, 2, (((4, 26), (4, 41)), "work, 1"))
    await codes(editor, uri, [])
    typed(editor, uri, 3, (((4, 26), (4, 33)), "lambda: work(1)"))
    await codes(editor, uri, ["SP101"])
    typed(editor, uri, 4, (((4, 26), (4, 26)), "((("))
    [broken] = await codes(editor, uri, ["syntax-error"])
    assert broken.severity == lsp.DiagnosticSeverity.Warning
    typed(editor, uri, 5, (((4, 26), (4, 29)), ""))
    await codes(editor, uri, ["SP101"])
    editor.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
    await codes(editor, uri, [])


@pytest.mark.asyncio
async def test_other_open_files_that_a_change_concerns(editor, tmp_path):
    (tmp_path / "pools.py").write_text(POOLS.format(kind="Thread"))
    (tmp_path / "user.py").write_text(USER)
    await start(editor, tmp_path)
    user = opened(editor, tmp_path / "user.py")
    await codes(editor, user, [])
    pools = opened(editor, tmp_path / "pools.py")
    typed(
        editor,
        pools,
        2,
        (((0, 31), (0, 37)), "Process"),
        (((4, 11), (4, 17)), "Process"),
    )
    [found] = await codes(editor, user, ["SP101"])
    typed(editor, pools, 3, (((4, 4), (4, 4)), "return ("))
    await codes(editor, pools, ["syntax-error"])
    assert [one.code for one in editor.diagnostics[user]] == ["SP101"], "others see the last text that is whole"
    # What is closed counts as it is on the disk.
    editor.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(pools)))
    await codes(editor, user, [])


@pytest.mark.asyncio
async def test_columns_are_counted_in_utf_16(editor, tmp_path):
    await start(editor, tmp_path, general__position_encodings=None)
    text = FAULTY.replace("print(pool", "print('😀é', pool")
    uri = opened(editor, tmp_path / "job.py", text)
    [found] = await codes(editor, uri, ["SP101"])
    assert found.range.start.character == 26 + len("'😀é', ") + 1
    # A change behind the wide character.
    typed(editor, uri, 2, (((4, found.range.start.character), (4, found.range.end.character)), "lambda: work(2)"))
    await codes(editor, uri, ["SP101"])
    fixes = await actions(editor, uri, 4, [lsp.CodeActionKind.QuickFix], column=36)
    fix = await editor.code_action_resolve_async(fixes[0])
    text = text.replace("work(1)", "work(2)")
    assert applied(fix.edit, uri, text) == text.replace("lambda: work(2)", "work, 2")


@pytest.mark.asyncio
async def test_fixes_and_the_comment(editor, tmp_path):
    await start(editor, tmp_path)
    uri = opened(editor, tmp_path / "job.py", FAULTY)
    await codes(editor, uri, ["SP101"])
    fix, ignore, everything = await actions(editor, uri, 4)
    assert fix.is_preferred and fix.kind == lsp.CodeActionKind.QuickFix
    assert fix.edit is None, "the edit is made when it is asked for"
    resolved = await editor.code_action_resolve_async(fix)
    assert applied(resolved.edit, uri, FAULTY) == MENDED
    assert resolved.edit.document_changes[0].text_document.version == 1
    muted = applied(ignore.edit, uri, FAULTY)
    assert "# spawnsafe: ignore[SP101]" in muted.splitlines()[4]
    assert everything.kind == "source.fixAll.spawnsafe"
    resolved = await editor.code_action_resolve_async(everything)
    assert applied(resolved.edit, uri, FAULTY) == MENDED
    assert await actions(editor, uri, 0) == [everything], "nothing to fix on that line"
    [only] = await actions(editor, uri, 0, [lsp.CodeActionKind.SourceFixAll])
    assert only.title == everything.title
    assert await actions(editor, uri, 4, [lsp.CodeActionKind.Refactor]) == []
    # An action of an older state of the document is refused, whatever it would do now.
    typed(editor, uri, 2, (((1, 0), (1, 0)), "\n"))
    with pytest.raises(JsonRpcException) as error:
        await editor.code_action_resolve_async(fix)
    assert error.value.code == lsp.LSPErrorCodes.ContentModified
    # Actions that are asked for at once wait for the look.
    fix, *_ = await actions(editor, uri, 5)
    resolved = await editor.code_action_resolve_async(fix)
    assert "pool.submit(work, 1)" in applied(resolved.edit, uri, FAULTY.replace("def", "\ndef"))


@pytest.mark.asyncio
async def test_an_editor_that_does_not_ask_again_gets_edits_at_once(editor, tmp_path):
    await start(
        editor,
        tmp_path,
        text_document__code_action__resolve_support=None,
        workspace__workspace_edit__document_changes=None,
    )
    uri = opened(editor, tmp_path / "job.py", FAULTY)
    fix, _ignore, everything = await actions(editor, uri, 4)
    assert applied(fix.edit, uri, FAULTY) == MENDED
    assert applied(everything.edit, uri, FAULTY) == MENDED


@pytest.mark.asyncio
async def test_fix_all_leaves_other_files_alone(editor, tmp_path):
    (tmp_path / "other.py").write_text(FAULTY)
    await start(editor, tmp_path)
    uri = opened(editor, tmp_path / "job.py", FAULTY)
    edits = []

    @editor.feature(lsp.WORKSPACE_APPLY_EDIT)
    def apply(params: lsp.ApplyWorkspaceEditParams):
        edits.append(params.edit)
        return lsp.ApplyWorkspaceEditResult(applied=True)

    await editor.workspace_execute_command_async(lsp.ExecuteCommandParams("spawnsafe.fixFile", [uri]))
    for _ in range(200):
        if edits:
            break
        await asyncio.sleep(0.02)
    [edit] = edits
    assert [change.text_document.uri for change in edit.document_changes] == [uri]
    assert applied(edit, uri, FAULTY) == MENDED


@pytest.mark.asyncio
async def test_hover_shows_the_page(editor, tmp_path):
    await start(editor, tmp_path)
    text = FAULTY + "x = 1  # noqa: SP104\n"
    uri = opened(editor, tmp_path / "job.py", text)
    await codes(editor, uri, ["SP101"])

    async def hover(line, column):
        document = lsp.TextDocumentIdentifier(uri)
        return await editor.text_document_hover_async(lsp.HoverParams(document, lsp.Position(line, column)))

    shown = await hover(4, 30)
    assert shown.contents.kind == lsp.MarkupKind.Markdown
    assert "SP101" in shown.contents.value and "## Why it breaks" in shown.contents.value
    assert (shown.range.start.line, shown.range.start.character) == (4, 26)
    assert "SP104" in (await hover(5, 17)).contents.value
    assert await hover(1, 3) is None


@pytest.mark.asyncio
async def test_configuration_of_project_and_editor(editor, tmp_path):
    (tmp_path / "spawnsafe.toml").write_text('ignore = ["SP101"]\n')
    editor.set_configuration({"spawnsafe": {"extendSelect": ["SP101"]}}, scope_uri="")
    await start(editor, tmp_path)
    uri = opened(editor, tmp_path / "job.py", FAULTY)
    await codes(editor, uri, ["SP101"])
    editor.set_configuration({"spawnsafe": {}}, scope_uri="")
    editor.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings=None))
    await codes(editor, uri, [])
    (tmp_path / "spawnsafe.toml").write_text("")
    event = lsp.FileEvent((tmp_path / "spawnsafe.toml").as_uri(), lsp.FileChangeType.Changed)
    editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))
    await codes(editor, uri, ["SP101"])
    # What is wrong is said, once, and the last good settings hold.
    editor.set_configuration({"spawnsafe": {"select": 3}}, scope_uri="")
    editor.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings=None))
    for _ in range(200):
        if editor.messages:
            break
        await asyncio.sleep(0.02)
    assert "settings" in editor.messages[0].message
    await codes(editor, uri, ["SP101"])


@pytest.mark.asyncio
async def test_options_at_the_start_and_looking_when_saved(editor, tmp_path):
    await start(
        editor,
        tmp_path,
        like="neovim",
        options={"settings": {"run": "onSave", "showSyntaxErrors": False}},
        workspace__configuration=None,
    )
    uri = opened(editor, tmp_path / "job.py", MENDED)
    await codes(editor, uri, [])
    typed(editor, uri, 2, (((4, 26), (4, 33)), "lambda: work(1)"))
    await asyncio.sleep(0.5)
    assert not editor.diagnostics[uri]
    editor.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
    await codes(editor, uri, ["SP101"])
    typed(editor, uri, 3, (((4, 26), (4, 26)), "((("))
    editor.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
    await codes(editor, uri, [])


@pytest.mark.asyncio
async def test_excluded_files_are_left_alone(editor, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.spawnsafe]\nextend-exclude = ["generated"]\n')
    (tmp_path / "generated").mkdir()
    await start(editor, tmp_path)
    generated = opened(editor, tmp_path / "generated" / "job.py", FAULTY)
    own = opened(editor, tmp_path / "job.py", FAULTY)
    await codes(editor, own, ["SP101"])
    await codes(editor, generated, [])


@pytest.mark.asyncio
async def test_files_outside_of_the_folder_and_unsaved_ones(editor, tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "pools.py").write_text(POOLS.format(kind="Process"))
    await start(editor, tmp_path / "open")
    outside = opened(editor, tmp_path / "apart" / "user.py", USER)
    await codes(editor, outside, ["SP101"])
    uri = "untitled:Untitled-1"
    item = lsp.TextDocumentItem(uri, "python", 1, FAULTY)
    editor.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
    await codes(editor, uri, ["SP101"])
    fix, *_ = await actions(editor, uri, 4)
    resolved = await editor.code_action_resolve_async(fix)
    assert applied(resolved.edit, uri, FAULTY) == MENDED


@pytest.mark.asyncio
async def test_cancelled_and_unknown_requests(editor, tmp_path):
    for number in range(40):
        (tmp_path / f"job{number}.py").write_text(FAULTY)
    await start(editor, tmp_path)
    uri = opened(editor, tmp_path / "job.py", FAULTY)
    at = lsp.Position(4, 30)
    context = lsp.CodeActionContext(diagnostics=[])
    params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), lsp.Range(at, at), context)
    request = editor.protocol.send_request_async("textDocument/codeAction", params, msg_id="mine")
    task = asyncio.ensure_future(request)
    await asyncio.sleep(0)
    editor.cancel_request(lsp.CancelParams("mine"))
    with pytest.raises(JsonRpcException) as error:
        await task
    assert error.value.code == lsp.LSPErrorCodes.RequestCancelled
    with pytest.raises(JsonRpcException) as error:
        document = lsp.TextDocumentIdentifier(uri)
        await editor.text_document_completion_async(lsp.CompletionParams(document, at))
    assert error.value.code == lsp.ErrorCodes.MethodNotFound
    await codes(editor, uri, ["SP101"])


@pytest.mark.asyncio
async def test_many_keystrokes_end_in_the_last_state(editor, tmp_path):
    for number in range(20):
        (tmp_path / f"job{number}.py").write_text(FAULTY)
    await start(editor, tmp_path)
    uri = opened(editor, tmp_path / "job.py", MENDED)
    old, new = "work, 1", "lambda: work(1)"
    typed(editor, uri, 2, (((4, 26), (4, 26 + len(old))), ""))
    for number, letter in enumerate(new):
        typed(editor, uri, 3 + number, (((4, 26 + number), (4, 26 + number)), letter))
        await asyncio.sleep(0.01)
    [found] = await codes(editor, uri, ["SP101"])
    assert found.range.end.character - found.range.start.character == len(new)
