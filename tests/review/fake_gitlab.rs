//! GitLab's discussions, as far as this program uses them. It refuses what GitLab refuses.

use crate::fake_github::page;
use crate::loopback::{Request, Response, Service};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// One merge request, number 3 of the project 42.
#[derive(Default)]
pub(crate) struct GitLab {
    /// The old line of every line of the new side that the diff shows, by path; none for added lines.
    pub(crate) lines: BTreeMap<String, BTreeMap<u64, Option<u64>>>,
    pub(crate) discussions: Vec<Value>,
    /// Answers to the next POST requests.
    pub(crate) next: VecDeque<Response>,
}

pub(crate) const TOKEN: &str = "glpat-0123456789TOKEN";
const REFS: (&str, &str, &str) = (
    "1111111111111111111111111111111111111111",
    "2222222222222222222222222222222222222222",
    "3333333333333333333333333333333333333333",
);

impl GitLab {
    fn add(&mut self, body: &Value, resolvable: bool) -> Response {
        if body["body"].as_str().is_none_or(|text| text.trim().is_empty()) {
            return Response::error(400, "body is missing");
        }
        let id = format!("{:040x}", self.discussions.len() + 1);
        let note = json!({ "id": 1, "body": body["body"], "author": { "username": "bot" }, "resolvable": resolvable, "resolved": false });
        let discussion = json!({ "id": id, "individual_note": !resolvable, "notes": [note] });
        self.discussions.push(discussion.clone());
        Response::json(201, &discussion)
    }

    /// Whether GitLab finds the line: unchanged lines are named by both sides, added ones by the new one.
    fn position(&self, position: &Value) -> Result<(), &'static str> {
        let refs = (
            position["base_sha"].as_str(),
            position["start_sha"].as_str(),
            position["head_sha"].as_str(),
        );
        if refs != (Some(REFS.0), Some(REFS.1), Some(REFS.2)) || position["position_type"] != "text"
        {
            return Err("Note {:position=>[\"is incomplete\"]}");
        }
        let lines = position["new_path"].as_str().and_then(|path| self.lines.get(path));
        let old = lines.and_then(|lines| lines.get(&position["new_line"].as_u64()?));
        match old {
            Some(old)
                if position.get("old_line").and_then(Value::as_u64) == *old
                    && position["old_path"].is_string() =>
            {
                Ok(())
            }
            _ => Err("Note {:line_code=>[\"can't be blank\", \"must be a valid line code\"]}"),
        }
    }
}

impl Service for GitLab {
    fn answer(&mut self, request: &Request) -> Response {
        if request.headers.get("private-token").map(String::as_str) != Some(TOKEN) {
            return Response::error(401, "401 Unauthorized");
        }
        let merge = "/projects/42/merge_requests/3";
        match (request.method.as_str(), request.path.strip_prefix(merge)) {
            ("GET", None) if request.path == "/user" => {
                Response::json(200, &json!({ "username": "bot" }))
            }
            ("GET", Some("")) => Response::json(
                200,
                &json!({ "diff_refs": { "base_sha": REFS.0, "start_sha": REFS.1, "head_sha": REFS.2 } }),
            ),
            ("GET", Some("/discussions")) => page(&self.discussions, &request.query),
            ("POST", Some("/discussions")) => {
                if let Some(response) = self.next.pop_front() {
                    return response;
                }
                match self.position(&request.body["position"]) {
                    Ok(()) => self.add(&request.body, true),
                    Err(why) => Response::error(400, why),
                }
            }
            ("POST", Some("/notes")) => self.add(&request.body, false),
            ("PUT", Some(path)) => {
                let id = path.trim_start_matches("/discussions/");
                let Some(discussion) =
                    self.discussions.iter_mut().find(|discussion| discussion["id"] == id)
                else {
                    return Response::error(404, "404 Not found");
                };
                discussion["notes"][0]["resolved"] = request.body["resolved"].clone();
                discussion["notes"][0]["resolved_by"] = json!({ "username": "bot" });
                Response::json(200, discussion)
            }
            _ => Response::error(404, "404 Not found"),
        }
    }
}
