//! Where each rule of a text begins and how large it is, before a recursive parser sees it.
//!
//! Cedar's grammar: strings are in double quotes with `\` as escape, comments run from `//` to the line's end, and `;`
//! ends a policy and stands nowhere else.

/// Brackets inside brackets.
pub(super) const DEEPEST: usize = 24;
/// Operators of one rule: each may deepen its expression.
pub(super) const MOST_OPERATORS: usize = 200;
/// Words and signs of one rule.
pub(super) const MOST_TOKENS: usize = 8_000;

/// One rule, unparsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    /// The byte where it begins.
    pub(super) start: usize,
    pub(super) tokens: usize,
    pub(super) operators: usize,
    pub(super) depth: usize,
}

/// The rules of `text`, each as long as its `;`; what follows the last `;` is a rule too if it is more than blank.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut current: Option<Statement> = None;
    let mut open = 0_usize;
    let mut at = 0;
    while let Some((token, length)) = next(&text[at..]) {
        let start = at;
        at += length;
        if token == Token::Blank {
            continue;
        }
        let statement = current.get_or_insert(Statement { start, ..Statement::default() });
        statement.tokens += 1;
        match token {
            Token::Open => open += 1,
            Token::Close => open = open.saturating_sub(1),
            Token::Operator => statement.operators += 1,
            Token::End => {
                statements.extend(current.take());
                open = 0;
            }
            Token::Blank | Token::Other => {}
        }
        if let Some(statement) = &mut current {
            statement.depth = statement.depth.max(open);
        }
    }
    statements.extend(current);
    statements
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Blank,
    Open,
    Close,
    End,
    Operator,
    Other,
}

/// The first token of `rest` and its length in bytes.
fn next(rest: &str) -> Option<(Token, usize)> {
    let first = rest.chars().next()?;
    let all = |wanted: fn(char) -> bool| rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    let found = match first {
        _ if rest.starts_with("//") => (Token::Blank, rest.find('\n').unwrap_or(rest.len())),
        c if c.is_whitespace() => (Token::Blank, all(char::is_whitespace)),
        '"' => (Token::Other, string(rest)),
        '(' | '[' | '{' => (Token::Open, 1),
        ')' | ']' | '}' => (Token::Close, 1),
        ';' => (Token::End, 1),
        _ if rest.starts_with("::") => (Token::Other, 2),
        ',' | ':' | '@' | '?' => (Token::Other, 1),
        c if c.is_alphanumeric() || c == '_' => {
            let length = all(|c| c.is_alphanumeric() || c == '_');
            let keyword = ["if", "then", "else", "in", "has", "like", "is"];
            let operates = keyword.contains(&&rest[..length]);
            (if operates { Token::Operator } else { Token::Other }, length)
        }
        c => (Token::Operator, c.len_utf8()),
    };
    Some(found)
}

/// The length of the string at the start of `rest`; up to the end if nothing closes it.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_begins_after_the_last_one_ended_and_strings_and_comments_end_nothing() {
        let text = "// one; two\nforbid(a, \";\\\";\");\n\n  @id(\"x\") forbid(((a)));  // done";

        let starts: Vec<_> = statements(text).iter().map(|rule| &text[rule.start..][..6]).collect();

        assert_eq!(starts, ["forbid", "@id(\"x"]);
    }

    #[test]
    fn depth_operators_and_words_are_counted_by_rule() {
        let found = statements("forbid(p) when { ((a && b) || !c.d) };forbid(e);");

        assert_eq!(found[0].depth, 3);
        assert_eq!(found[0].operators, 6, "each sign of && and || counts, ! and . too");
        assert_eq!((found[1].depth, found[1].operators, found[1].tokens), (1, 0, 5));
    }

    #[test]
    fn what_nothing_closes_ends_with_the_text() {
        assert_eq!(statements("forbid(\"").len(), 1);
        assert_eq!(statements("forbid(\"\\").len(), 1);
        assert_eq!(statements("  // only a remark").len(), 0);
    }
}
