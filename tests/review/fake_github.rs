//! GitHub's reviews, as far as this program uses them. It refuses what GitHub refuses.

use crate::loopback::{Request, Response, Service};
use crate::rules::{Head, against_schema, check_review};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// One pull request, number 7 of octo/demo.
#[derive(Default)]
pub(crate) struct GitHub {
    pub(crate) head: Head,
    /// The account behind the token; without it the token may not ask who it is.
    pub(crate) login: Option<String>,
    pub(crate) comments: Vec<Value>,
    pub(crate) reviews: Vec<Value>,
    /// Answers to the next POST requests, before they are looked at.
    pub(crate) next: VecDeque<Response>,
    /// Answers to the next POST requests, after they were done.
    pub(crate) lost: VecDeque<Response>,
    /// Why a review was refused.
    pub(crate) refused: Vec<String>,
    pub(crate) ids: u64,
}

pub(crate) const TOKEN: &str = "ghs_0123456789abcdefTOKEN";

impl GitHub {
    pub(crate) fn comment(&mut self, login: &str, body: &str, reply_to: Option<u64>) -> u64 {
        self.ids += 1;
        let mut comment = json!({ "id": self.ids, "body": body, "user": user(login) });
        if let Some(other) = reply_to {
            comment["in_reply_to_id"] = json!(other);
        }
        against_schema("comment", &comment).expect("the answer is GitHub's");
        self.comments.push(comment);
        self.ids
    }

    fn review(&mut self, body: &Value) -> Response {
        if let Err(why) = check_review(body, &self.head) {
            self.refused.push(why.clone());
            return Response::json(
                422,
                &json!({ "message": "Unprocessable Entity", "errors": [why] }),
            );
        }
        let login = self.login.clone().unwrap_or_else(|| "github-actions[bot]".into());
        for comment in body["comments"].as_array().cloned().unwrap_or_default() {
            self.comment(&login, comment["body"].as_str().unwrap_or_default(), None);
        }
        self.ids += 1;
        let review = json!({ "id": self.ids, "body": body["body"], "user": user(&login) });
        against_schema("review", &review).expect("the answer is GitHub's");
        self.reviews.push(review.clone());
        Response::json(200, &review)
    }
}

impl Service for GitHub {
    fn answer(&mut self, request: &Request) -> Response {
        if request.headers.get("authorization").map(String::as_str)
            != Some(&format!("Bearer {TOKEN}"))
        {
            return Response::error(401, "Bad credentials");
        }
        let pull = "/repos/octo/demo/pulls/7";
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/user") => match &self.login {
                Some(login) => Response::json(200, &json!({ "login": login })),
                None => Response::error(403, "Resource not accessible by integration"),
            },
            ("GET", path) if path == format!("{pull}/comments") => {
                page(&self.comments, &request.query)
            }
            ("GET", path) if path == format!("{pull}/reviews") => {
                page(&self.reviews, &request.query)
            }
            ("POST", path) if path == format!("{pull}/reviews") => {
                if let Some(response) = self.next.pop_front() {
                    return response;
                }
                let response = self.review(&request.body);
                if response.status == 200 {
                    self.lost.pop_front().unwrap_or(response)
                } else {
                    response
                }
            }
            ("DELETE", path) if path.starts_with("/repos/octo/demo/pulls/comments/") => {
                let id: u64 =
                    path.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or_default();
                let before = self.comments.len();
                self.comments.retain(|comment| comment["id"] != id);
                if self.comments.len() < before {
                    Response { status: 204, headers: Vec::new(), body: String::new() }
                } else {
                    Response::error(404, "Not Found")
                }
            }
            _ => Response::error(404, "Not Found"),
        }
    }
}

fn user(login: &str) -> Value {
    json!({ "login": login, "type": if login.ends_with("[bot]") { "Bot" } else { "User" } })
}

/// One page of a list, as the query asks for it.
pub(crate) fn page(items: &[Value], query: &str) -> Response {
    let number = |name: &str, default: usize| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
            .unwrap_or(default)
    };
    let (size, page): (usize, usize) = (number("per_page", 30), number("page", 1));
    let items: Vec<&Value> = items.iter().skip((page - 1) * size).take(size).collect();
    Response::json(200, &json!(items))
}
