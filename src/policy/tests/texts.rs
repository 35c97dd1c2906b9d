//! Hostile texts: permits in disguise, templates, tricks of *unless*, errors, huge, deep, foreign letters.

/// By hand: each wants something that a text may not have, or something odd that it may.
const BY_HAND: &[&str] = &[
    // Permits, plain and disguised.
    "permit (principal, action, resource);",
    "permit(principal,action,resource)when{true};",
    "forbid (principal, action, resource); permit (principal, action, resource);",
    "@id(\"forbid\") permit (principal, action, resource);",
    "// forbid\npermit (principal, action, resource);",
    "forbid (principal, action, resource) when { false };\npermit (principal, action, resource);",
    "/* forbid */ permit (principal, action, resource);",
    "\"forbid\"; permit (principal, action, resource);",
    "permit (principal, action == Action::\"hold\", resource);",
    "PERMIT (principal, action, resource);",
    "allow (principal, action, resource);",
    "per\u{6d}it (principal, action, resource);",
    "реrmit (principal, action, resource);",
    "@id(\"owner-reads\") permit (principal, action, resource);",
    "@id(\"granted\") forbid (principal, action, resource) when { context.certificate };",
    "@id(\"conflict-document\") forbid (principal, action, resource) unless { context.certificate };",
    // Templates.
    "permit (principal == ?principal, action, resource);",
    "forbid (principal == ?principal, action, resource);",
    "forbid (principal in ?principal, action, resource in ?resource);",
    "forbid (principal, action, resource == ?resource);",
    "forbid (principal, action, resource) when { principal == ?principal };",
    // Tricks of unless.
    "forbid (principal, action, resource) unless { true };",
    "forbid (principal, action, resource) unless { false };",
    "forbid (principal, action, resource) unless { !true };",
    "forbid (principal, action, resource) when { true } unless { true };",
    "forbid (principal, action, resource) unless { true } unless { false };",
    "forbid (principal, action, resource) when { !(true && !false) };",
    "forbid (principal, action, resource) unless { unless { true } };",
    "forbid (principal, action, resource) unless { permit };",
    "forbid (principal, action, resource) unless { principal in Party::\"company:alpha\" };",
    "forbid (principal, action, resource) unless { principal == principal };",
    "forbid (principal, action, resource) unless { resource == resource };",
    "forbid (principal, action, resource) unless { if context.certificate then true else false };",
    // Acts out of reach.
    "forbid (principal, action == Action::\"audit\", resource);",
    "forbid (principal, action == Action::\"administer\", resource);",
    "forbid (principal, action == Action::\"hold\", resource);",
    "forbid (principal, action == Action::\"shred\", resource);",
    "forbid (principal, action == Action::\"deposit\", resource);",
    "forbid (principal, action == Action::\"finalise\", resource);",
    "forbid (principal, action in [Action::\"read\", Action::\"hold\"], resource);",
    "forbid (principal, action in Action::\"read\", resource);",
    "forbid (principal, action in [], resource);",
    "forbid (principal, action == Party::\"mission\", resource);",
    "forbid (principal, action, resource) when { action == Action::\"hold\" };",
    "forbid (principal, action, resource) when { [Action::\"read\", Action::\"audit\"].contains(action) };",
    "forbid (principal, action, resource) when { action in [Action::\"administer\"] };",
    "forbid (principal, action, resource) when { action == Action::\"read\" };",
    "forbid (principal, action, resource is Party);",
    "forbid (principal, action, resource is Person);",
    "forbid (principal, action, resource is Service);",
    "forbid (principal is Party, action, resource);",
    "forbid (principal is Person in Party::\"mission\", action, resource);",
    "forbid (principal, action, resource is Document in Party::\"company:beta\");",
    "forbid (principal, action, resource in Party::\"company:beta\");",
    "forbid (principal, action, resource == Party::\"company:alpha\");",
    "forbid (principal == Person::\"auditor\", action, resource);",
    "forbid (principal in Party::\"mission\", action, resource);",
    "forbid (principal in Role::\"auditor\", action, resource);",
    // What only the baseline sees, or nobody.
    "forbid (principal, action, resource) when { context.granted };",
    "forbid (principal, action, resource) unless { context.closed };",
    "forbid (principal, action, resource) when { resource.held };",
    "forbid (principal, action, resource) when { resource.quarantined };",
    "forbid (principal, action, resource) when { resource.owner == Party::\"company:alpha\" };",
    "forbid (principal, action, resource) when { resource has owner };",
    "forbid (principal, action, resource) when { context has granted };",
    "forbid (principal, action, resource) when { context[\"granted\"] };",
    "forbid (principal, action, resource) when { context == {} };",
    "forbid (principal, action, resource) when { [context].contains(context) };",
    "forbid (principal, action, resource) when { principal.name == \"x\" };",
    "forbid (principal, action, resource) when { principal.hasTag(\"x\") };",
    "forbid (principal, action, resource) when { principal.getTag(\"x\") == \"y\" };",
    "forbid (principal, action, resource) when { Party::\"company:beta\".kind == \"x\" };",
    "forbid (principal, action, resource) when { Person::\"pilot\" in Party::\"company:beta\" };",
    "forbid (principal, action, resource) when { Document::\"K3T-7KQ4-2M\" has stage };",
    // Errors of evaluation, and what only looks like one.
    "forbid (principal, action, resource) when { 9223372036854775807 + 1 == 0 };",
    "forbid (principal, action, resource) when { context.authenticated_seconds_ago * 9223372036854775807 > 0 };",
    "forbid (principal, action, resource) when { -context.authenticated_seconds_ago - 9223372036854775807 < 0 };",
    "forbid (principal, action, resource) when { context.network == \"x\" };",
    "forbid (principal, action, resource) when { context has network && context.network == \"x\" };",
    "forbid (principal, action, resource) when { context.now < datetime(\"tomorrow\") };",
    "forbid (principal, action, resource) when { context.now.offset(duration(\"106751991167d\")) > context.now };",
    "forbid (principal, action, resource) when { context.now.toTime() < duration(\"8h\") };",
    "forbid (principal, action, resource) when { decimal(\"1.00000\").lessThan(decimal(\"2.0\")) };",
    "forbid (principal, action, resource) when { ip(\"300.0.0.1\").isLoopback() };",
    "forbid (principal, action, resource) when { 1 };",
    "forbid (principal, action, resource) when { \"yes\" };",
    "forbid (principal, action, resource) when { 1 < \"2\" };",
    "forbid (principal, action, resource) when { [1, \"a\"].contains(1) };",
    "forbid (principal, action, resource) when { [].contains(1) };",
    "forbid (principal, action, resource) when { nonsense(1) };",
    "forbid (principal, action, resource) when { resource.kind.contains(\"a\") };",
    "forbid (principal, action, resource) when { resource.kind like \"*\" };",
    // Form.
    "",
    ";",
    ";;;;",
    "forbid",
    "forbid (principal, action, resource)",
    "forbid (principal, action);",
    "forbid (resource, action, principal);",
    "forbid (principal, action, resource) when;",
    "forbid (principal, action, resource) when {};",
    "forbid (principal, action, resource) when { } unless { };",
    "{\"staticPolicies\": {}}",
    "{\"effect\": \"permit\", \"principal\": {\"op\": \"All\"}}",
    "<forbid/>",
    "namespace X { entity Y; }",
    "@id(\"a\") @id(\"b\") forbid (principal, action, resource);",
    "@id forbid (principal, action, resource);",
    "@id(\"\\u{202e}\") forbid (principal, action, resource);",
    "@reason(\"conflict\") forbid (principal, action, resource);",
    "@says(\"only us\") forbid (principal, action, resource) unless { principal in Party::\"company:alpha\" };",
    "@id(\"a;b\") forbid (principal, action, resource) when { resource.kind == \"; permit (\" };",
    "forbid (principal, action, resource) when { resource.kind == \"\\\"; permit (principal, action, resource);\" };",
    "forbid (principal, action, resource) when { \"unclosed };",
    "forbid (principal, action, resource) when { resource.kind == \"\\u{0}\" };",
    "forbid (principal, action, resource) when { resource.kind == \"\\u{110000}\" };",
    "forbid (principal, action, resource) when { resource.kind == 'draft' };",
    "forbid (principal, action, resource);\u{0}permit (principal, action, resource);",
    "forbid (principal, action, resource);\u{2028}permit (principal, action, resource);",
    "forbid (principal, action, resource); // \u{202e};)ecruoser ,noitca ,lapicnirp( timrep",
    "\u{feff}forbid (principal, action, resource);",
    "forbid\u{a0}(principal,\u{3000}action, resource);",
    "ｆorbid (principal, action, resource);",
    "forbid (principal, action, resource) when { resource.kind == \"диагностика\" };",
    "forbid (principal, action, resource) when { principal in Party::\"соmpany:beta\" };",
    "forbid (principal, action, resource) when { principal in Party::\"company:beta \" };",
    "forbid (principal, action, resource) when { principal in Party::\"COMPANY:BETA\" };",
    "forbid (principal, action, resource) when { principal in Party::\"\" };",
    "forbid (principal, action, resource) when { principal in Greffe::Party::\"mission\" };",
    "forbid (principal == Person::\"../../etc/passwd\", action, resource);",
    "forbid (principal == Person::\"' or 1=1 --\", action, resource);",
    "\r\nforbid\r\n(principal,\taction, resource)\r\n;\r\n",
];

/// All of them, by name.
pub(super) fn texts() -> Vec<(String, String)> {
    let by_hand = BY_HAND.iter().enumerate();
    let by_hand = by_hand.map(|(n, text)| (format!("by hand {n}: {text}"), (*text).to_owned()));
    by_hand.chain(large()).chain(combined()).collect()
}

/// Deep, long and many.
fn large() -> Vec<(String, String)> {
    let rule =
        |condition: &str| format!("forbid (principal, action, resource) when {{ {condition} }};");
    let mut texts = Vec::new();
    for size in [10, 100, 1_000, 20_000, 100_000] {
        let many = |what: &str| what.repeat(size);
        let names: Vec<_> = (0..size).map(|n| format!("Party::\"company:{n}\"")).collect();
        for (shape, condition) in [
            ("parentheses", format!("{}true{}", many("("), many(")"))),
            ("negations", format!("{}context.certificate", many("!"))),
            ("minuses", format!("0 < {}1", many("-"))),
            ("conjunctions", format!("context.certificate{}", many(" && context.certificate"))),
            ("disjunctions", format!("context.certificate{}", many(" || context.certificate"))),
            ("sums", format!("0 < 1{}", many(" + 1"))),
            ("accesses", format!("principal{}", many(".employer"))),
            ("choices", format!("{}true", many("if context.certificate then true else "))),
            ("lists in lists", format!("{}1{} == 1", many("["), many("]"))),
            ("records in records", format!("{}1{} == 1", many("{a: "), many("}"))),
            ("a list", format!("[{}].contains(context.capacity.party)", names.join(", "))),
            ("a pattern", format!("resource.kind like \"{}\"", many("*a"))),
            ("a string", format!("resource.kind == \"{}\"", many("x"))),
            ("a number", format!("0 < {}", many("9"))),
        ] {
            texts.push((format!("{size} {shape}"), rule(&condition)));
        }
        texts.push((format!("{size} rules"), rule("context.certificate").repeat(size)));
        texts.push((format!("{size} remarks"), "// nothing\n".repeat(size)));
        texts.push((
            format!("{size} annotations"),
            format!("{}{}", many("@a(\"b\") "), rule("true")),
        ));
        texts.push((format!("{size} ends"), many(";")));
    }
    texts
}

/// Every effect, act, scope and condition with each other.
fn combined() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for effect in ["forbid", "permit"] {
        for act in ["action", "action == Action::\"read\"", "action == Action::\"shred\""] {
            for scope in [
                "principal",
                "principal in Party::\"company:beta\"",
                "principal in Role::\"pilot\"",
            ] {
                for condition in [
                    "",
                    " when { resource.stage == Stage::\"final\" }",
                    " unless { principal.employer.country == \"DE\" }",
                    " when { context.conflicts.isEmpty() } unless { context has purpose }",
                ] {
                    let text = format!("{effect} ({scope}, {act}, resource){condition};");
                    texts.push((text.clone(), text));
                }
            }
        }
    }
    texts
}
