//! What each keyword means: a schema for the argument `v`, values that pass, values that do not.
//!
//! Written after JSON Schema 2020-12 and the distinctions that its official test suite draws; read
//! by the engine's tests and by the comparison with another implementation.

/// A schema, values that satisfy it, values that do not.
pub(crate) type Case = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Cases on which every implementation of the specification agrees.
pub(crate) const CASES: &[Case] = &[
    // Booleans.
    ("true", &["1", "null", "{}"], &[]),
    ("{}", &["1", "null", "{}"], &[]),
    ("false", &[], &["1", "null", "{}"]),
    // type
    (
        r#"{"type":"integer"}"#,
        &["1", "1.0", "-0", "1e2", "10e-1"],
        &["1.1", r#""1""#, "true", "null", "[1]"],
    ),
    (
        r#"{"type":"number"}"#,
        &["1", "1.1", "-1e-3"],
        &[r#""1""#, "true", "null", "[]", "{}"],
    ),
    (
        r#"{"type":"string"}"#,
        &[r#""""#, r#""1""#],
        &["1", "null", r#"["a"]"#],
    ),
    (
        r#"{"type":"boolean"}"#,
        &["true", "false"],
        &["0", "1", "null", r#""true""#, r#""""#],
    ),
    (
        r#"{"type":"null"}"#,
        &["null"],
        &["0", "false", r#""""#, "{}"],
    ),
    (r#"{"type":"object"}"#, &["{}"], &["[]", "null", r#""{}""#]),
    (r#"{"type":"array"}"#, &["[]", "[1]"], &["{}", "null"]),
    (
        r#"{"type":["integer","string","null"]}"#,
        &["1", r#""a""#, "null", "2.0"],
        &["1.5", "true", "{}"],
    ),
    (r#"{"type":["string"]}"#, &[r#""a""#], &["1"]),
    // enum and const
    (
        r#"{"enum":[1,2,3]}"#,
        &["1", "3.0", "2e0"],
        &["4", r#""1""#, "true"],
    ),
    (
        r#"{"enum":[6,"foo",[],true,{"foo":12}]}"#,
        &["6", "[]", "true", r#"{"foo":12}"#, r#"{"foo":12.0}"#],
        &[
            "null",
            r#"{"foo":false}"#,
            r#"{"foo":12,"boo":42}"#,
            "{}",
            "false",
        ],
    ),
    (
        r#"{"enum":[6,null]}"#,
        &["null", "6"],
        &[r#""null""#, "0", "false"],
    ),
    (
        r#"{"enum":[false]}"#,
        &["false"],
        &["0", "0.0", r#""""#, "null"],
    ),
    (
        r#"{"enum":[[false]]}"#,
        &["[false]"],
        &["[0]", "[0.0]", "[]", "[[false]]"],
    ),
    (r#"{"enum":[1]}"#, &["1", "1.0"], &["true", "[1]"]),
    (
        r#"{"enum":["foo\nbar","foo\rbar"]}"#,
        &[r#""foo\nbar""#, r#""foo\u000abar""#],
        &[r#""foo bar""#],
    ),
    (
        r#"{"enum":["hello\u0000there"]}"#,
        &[r#""hello\u0000there""#],
        &[r#""hellothere""#],
    ),
    (r#"{"const":2}"#, &["2", "2.0"], &["5", r#""2""#]),
    (
        r#"{"const":{"a":1,"b":[2,{"c":null}]}}"#,
        &[
            r#"{"b":[2,{"c":null}],"a":1}"#,
            r#"{ "a" : 1.0, "b" : [ 2, { "c" : null } ] }"#,
        ],
        &[
            r#"{"a":1}"#,
            r#"{"a":1,"b":[{"c":null},2]}"#,
            r#"{"a":1,"b":[2,{"c":0}]}"#,
        ],
    ),
    (r#"{"const":null}"#, &["null"], &["0"]),
    (r#"{"const":-2.0}"#, &["-2"], &["2", "-2.00001"]),
    (
        r#"{"const":9007199254740992}"#,
        &["9007199254740992"],
        &["9007199254740991", "9007199254740994"],
    ),
    (r#"{"const":"\u00e9"}"#, &[r#""é""#], &[r#""e\u0301""#]),
    // numbers
    (
        r#"{"minimum":1.1}"#,
        &["2.6", "1.1", r#""x""#],
        &["0.6", "-5"],
    ),
    (
        r#"{"minimum":-2}"#,
        &["-1", "0", "-2", "-2.0"],
        &["-2.0001", "-3"],
    ),
    (
        r#"{"maximum":3.0}"#,
        &["2.6", "3", "3.0", r#""4""#],
        &["3.5"],
    ),
    (
        r#"{"maximum":300}"#,
        &["299.97", "300", "3e2"],
        &["300.5", "1e300"],
    ),
    (
        r#"{"exclusiveMinimum":1.1}"#,
        &["1.2"],
        &["1.1", "1.10", "0.6"],
    ),
    (r#"{"exclusiveMaximum":3}"#, &["2.2"], &["3", "3.0", "3.5"]),
    (
        r#"{"minimum":0,"maximum":10,"exclusiveMaximum":10}"#,
        &["0", "9.5", "-0"],
        &["10", "-1"],
    ),
    (
        r#"{"multipleOf":2}"#,
        &["10", "0", "-4", r#""foo""#],
        &["7", "1.5"],
    ),
    (r#"{"multipleOf":1.5}"#, &["0", "4.5", "-3"], &["35"]),
    (r#"{"multipleOf":0.0001}"#, &["0.0075"], &["0.00751"]),
    (
        r#"{"type":"integer","multipleOf":0.5}"#,
        &["1e300", "3"],
        &["0.5"],
    ),
    // strings
    (
        r#"{"minLength":2}"#,
        &[r#""foo""#, r#""fo""#, "1"],
        &[r#""f""#, r#""""#, r#""\ud83d\ude00""#],
    ),
    (
        r#"{"maxLength":2}"#,
        &[r#""fo""#, r#""f""#, "100", r#""😀😀""#, r#""\u0041\u0042""#],
        &[r#""foo""#],
    ),
    (
        r#"{"minLength":2.0,"maxLength":2.0}"#,
        &[r#""ab""#],
        &[r#""a""#, r#""abc""#],
    ),
    (
        r#"{"pattern":"^a*$"}"#,
        &[r#""aaa""#, r#""""#, "true", "123", "null"],
        &[r#""abc""#, r#""aa\n""#],
    ),
    (
        r#"{"pattern":"a+"}"#,
        &[r#""xxaayy""#, r#""\u0061""#],
        &[r#""b""#],
    ),
    (
        r#"{"pattern":"^\\d{3}-[A-Z]{2}$"}"#,
        &[r#""123-AB""#],
        &[r#""123-Ab""#, r#""1234-AB""#],
    ),
    // arrays
    (
        r#"{"items":{"type":"integer"}}"#,
        &["[1,2,3]", "[]", r#"{"0":"x"}"#],
        &[r#"[1,"x"]"#],
    ),
    (r#"{"items":false}"#, &["[]"], &["[1,\"foo\",true]"]),
    (
        r#"{"prefixItems":[{"type":"integer"},{"type":"string"}]}"#,
        &[
            r#"[1,"foo"]"#,
            "[1]",
            r#"[1,"foo",true]"#,
            "[]",
            r#"{"0":"x"}"#,
        ],
        &[r#"["foo",1]"#],
    ),
    (
        r#"{"prefixItems":[{},{}],"items":{"type":"integer"}}"#,
        &[r#"["x",null,1]"#, r#"["x"]"#],
        &[r#"["x",null,1,"y"]"#],
    ),
    (
        r#"{"prefixItems":[true,false]}"#,
        &["[1]", "[]"],
        &["[1,2]"],
    ),
    (
        r#"{"items":{"items":{"items":{"type":"number"}}}}"#,
        &["[[[1]],[[2],[3]]]"],
        &[r#"[[["1"]]]"#, r#"[[[1]],[[2],["3"]]]"#],
    ),
    (r#"{"minItems":1}"#, &["[1,2]", "[1]", r#""""#], &["[]"]),
    (
        r#"{"maxItems":2.0}"#,
        &["[1]", "[1,2]", r#""foobar""#],
        &["[1,2,3]"],
    ),
    (
        r#"{"uniqueItems":true}"#,
        &[
            "[1,2]",
            "[]",
            "[1,true]",
            "[0,false]",
            "[[1],[true]]",
            r#"["a","b"]"#,
            r#"[{"a":1},{"a":2}]"#,
            r#"[1,"1"]"#,
            r#"[[],{}]"#,
            r#"[{"a":false},{"a":0}]"#,
        ],
        &[
            "[1,1]",
            "[1,1.0]",
            r#"["a","b","a"]"#,
            r#"[{"a":1,"b":2},{"b":2,"a":1}]"#,
            "[[1,2],[3],[1,2]]",
            "[[[1],true],[[1],true]]",
            "[1.0,1.00,1]",
            r#"["\u0061","a"]"#,
        ],
    ),
    (r#"{"uniqueItems":false}"#, &["[1,1]"], &[]),
    (
        r#"{"contains":{"minimum":5}}"#,
        &["[3,4,5]", "[5,5]", "{}"],
        &["[2,3,4]", "[]"],
    ),
    (r#"{"contains":{"const":5}}"#, &["[3,4,5.0]"], &["[1,2]"]),
    (r#"{"contains":false}"#, &[r#""x""#], &["[1]", "[]"]),
    (
        r#"{"contains":{"const":1},"minContains":2,"maxContains":3}"#,
        &["[1,1]", "[1,2,1,1.0]"],
        &["[1]", "[1,1,1,1]", "[]"],
    ),
    (
        r#"{"contains":{"const":1},"minContains":0}"#,
        &["[]", "[2]"],
        &[],
    ),
    (
        r#"{"contains":{"const":1},"minContains":0,"maxContains":1}"#,
        &["[]", "[1]"],
        &["[1,1]"],
    ),
    // objects
    (
        r#"{"properties":{"foo":{"type":"integer"},"bar":{"type":"string"}}}"#,
        &[r#"{"foo":1,"bar":"baz"}"#, "{}", r#"{"quux":[]}"#, "[]"],
        &[r#"{"foo":1,"bar":{}}"#, r#"{"foo":[],"bar":{}}"#],
    ),
    (
        r#"{"properties":{"foo":true,"bar":false}}"#,
        &["{}", r#"{"foo":1}"#],
        &[r#"{"bar":2}"#],
    ),
    (
        r#"{"properties":{"foo\nbar":{"type":"number"},"foo\"bar":{"type":"number"}}}"#,
        &[r#"{"foo\nbar":1,"foo\"bar":1}"#],
        &[r#"{"foo\nbar":"1"}"#, r#"{"foo\u0022bar":"1"}"#],
    ),
    (
        r#"{"properties":{"__proto__":{"type":"number"},"constructor":{"type":"number"}}}"#,
        &["{}", "[]"],
        &[r#"{"__proto__":"x"}"#],
    ),
    (
        r#"{"properties":{"foo":{"maxItems":3},"bar":{}},"patternProperties":{"f.o":{"minItems":2}},"additionalProperties":{"type":"integer"}}"#,
        &[
            r#"{"foo":[1,2]}"#,
            r#"{"bar":[]}"#,
            r#"{"quux":3}"#,
            r#"{"fxo":[1,2]}"#,
        ],
        &[
            r#"{"foo":[1,2,3,4]}"#,
            r#"{"foo":[]}"#,
            r#"{"fxo":[1]}"#,
            r#"{"quux":"foo"}"#,
        ],
    ),
    (
        r#"{"patternProperties":{"a*":{"type":"integer"},"aaa*":{"maximum":20}}}"#,
        &[r#"{"a":21}"#, r#"{"aaaa":18}"#],
        &[r#"{"a":"bar"}"#, r#"{"aaaa":31}"#, r#"{"aaa":"foo"}"#],
    ),
    (
        r#"{"patternProperties":{"[0-9]{2,}":{"type":"boolean"},"X_":{"type":"string"}}}"#,
        &[r#"{"a31b":true}"#, r#"{"answer 1":"42"}"#, r#"{"a_x_3":3}"#],
        &[r#"{"a31b":null}"#, r#"{"a_X_3":3}"#],
    ),
    (
        r#"{"properties":{"foo":{},"bar":{}},"patternProperties":{"^v":{}},"additionalProperties":false}"#,
        &[r#"{"foo":1}"#, r#"{"foo":1,"vroom":2}"#, "[1]", r#""s""#],
        &[r#"{"foo":1,"quux":true}"#],
    ),
    (
        r#"{"additionalProperties":{"type":"boolean"}}"#,
        &[r#"{"foo":true}"#],
        &[r#"{"foo":1}"#],
    ),
    (
        r#"{"properties":{"foo":{}},"allOf":[{"additionalProperties":{"type":"boolean"}}]}"#,
        &[r#"{"foo":true}"#],
        &[r#"{"foo":1}"#],
    ),
    (
        r#"{"required":["foo"]}"#,
        &[r#"{"foo":1}"#, r#"{"foo":null}"#, "[]", r#""""#, "12"],
        &["{}", r#"{"bar":1}"#],
    ),
    (r#"{"required":[]}"#, &["{}"], &[]),
    (
        r#"{"properties":{"foo":{},"bar":{}},"required":["foo","baz"]}"#,
        &[r#"{"foo":1,"baz":2}"#],
        &[r#"{"bar":1}"#, r#"{"foo":1}"#, r#"{"foo":1,"bar":2}"#],
    ),
    (
        r#"{"required":["foo\"bar","a\nb"]}"#,
        &[r#"{"foo\"bar":1,"a\nb":1}"#],
        &[r#"{"foo\"bar":1}"#],
    ),
    (
        r#"{"minProperties":1}"#,
        &[r#"{"foo":1,"bar":2}"#, r#"{"foo":1}"#, "[]"],
        &["{}"],
    ),
    (
        r#"{"maxProperties":2}"#,
        &[r#"{"foo":1,"bar":2}"#, "[1,2,3]"],
        &[r#"{"a":1,"b":2,"c":3}"#],
    ),
    (
        r#"{"propertyNames":{"maxLength":3}}"#,
        &[r#"{"f":{},"foo":{}}"#, "{}", "[1]", r#"{"\u0061bc":1}"#],
        &[r#"{"foo":{},"foobar":{}}"#],
    ),
    (
        r#"{"propertyNames":{"enum":["a","b"]}}"#,
        &[r#"{"a":1,"b":2}"#],
        &[r#"{"a":1,"c":2}"#],
    ),
    (r#"{"propertyNames":false}"#, &["{}"], &[r#"{"a":1}"#]),
    (
        r#"{"dependentRequired":{"bar":["foo","x"],"q":[]}}"#,
        &[
            "{}",
            r#"{"foo":1}"#,
            r#"{"foo":1,"bar":2,"x":0}"#,
            r#"{"q":1}"#,
            r#"["bar"]"#,
        ],
        &[r#"{"bar":2}"#, r#"{"bar":2,"foo":1}"#],
    ),
    (
        r#"{"dependentSchemas":{"bar":{"properties":{"foo":{"type":"integer"}}},"no":false}}"#,
        &[
            r#"{"foo":"x"}"#,
            r#"{"foo":1,"bar":2}"#,
            "null",
            r#"["no"]"#,
        ],
        &[r#"{"foo":"x","bar":2}"#, r#"{"no":1}"#],
    ),
    // Several schemas for one value.
    (
        r#"{"allOf":[{"required":["bar"]},{"required":["foo"]}]}"#,
        &[r#"{"foo":1,"bar":2}"#],
        &[r#"{"foo":1}"#, r#"{"bar":1}"#],
    ),
    (
        r#"{"allOf":[{"maximum":30},{"minimum":20}]}"#,
        &["25"],
        &["35", "15"],
    ),
    (r#"{"allOf":[true,false]}"#, &[], &["1"]),
    (
        r#"{"anyOf":[{"type":"integer"},{"minimum":2}]}"#,
        &["1", "2.5", "3"],
        &["1.5"],
    ),
    (r#"{"anyOf":[true,false]}"#, &["1"], &[]),
    (r#"{"anyOf":[false,false]}"#, &[], &["1"]),
    (
        r#"{"type":"string","anyOf":[{"maxLength":2},{"minLength":4}]}"#,
        &[r#""ab""#, r#""abcd""#],
        &["3", r#""abc""#],
    ),
    (
        r#"{"oneOf":[{"type":"integer"},{"minimum":2}]}"#,
        &["1", "2.5"],
        &["3", "1.5"],
    ),
    (r#"{"oneOf":[true,true,true]}"#, &[], &["1"]),
    (r#"{"oneOf":[true,false,false]}"#, &["1"], &[]),
    (
        r#"{"oneOf":[{"required":["foo","bar"]},{"required":["foo","baz"]}]}"#,
        &[r#"{"foo":1,"bar":2}"#],
        &[r#"{"bar":2}"#, r#"{"foo":1,"bar":2,"baz":3}"#],
    ),
    (
        r#"{"not":{"type":"integer"}}"#,
        &[r#""foo""#, "1.5"],
        &["1", "1.0"],
    ),
    (
        r#"{"not":{"type":["integer","boolean"]}}"#,
        &[r#""foo""#],
        &["1", "true"],
    ),
    (
        r#"{"not":{"type":"object","properties":{"foo":{"type":"string"}}}}"#,
        &["1", r#"{"foo":1}"#],
        &[r#"{"foo":"bar"}"#, "{}"],
    ),
    (r#"{"not":{}}"#, &[], &["1", "null"]),
    (r#"{"not":false}"#, &["1"], &[]),
    (r#"{"not":{"not":{}}}"#, &["1"], &[]),
    (
        r#"{"not":{"required":["admin"]}}"#,
        &["{}"],
        &[r#"{"admin":false}"#],
    ),
    (
        r#"{"if":{"exclusiveMaximum":0},"then":{"minimum":-10},"else":{"multipleOf":2}}"#,
        &["-1", "4", "0", r#""x""#],
        &["-100", "3"],
    ),
    (
        r#"{"if":{"exclusiveMaximum":0},"then":{"minimum":-10}}"#,
        &["-1", "3"],
        &["-100"],
    ),
    (
        r#"{"if":{"exclusiveMaximum":0},"else":{"multipleOf":2}}"#,
        &["-1", "4"],
        &["3"],
    ),
    (r#"{"if":{"const":0}}"#, &["0", "1"], &[]),
    (
        r#"{"if":true,"then":{"const":"then"},"else":{"const":"else"}}"#,
        &[r#""then""#],
        &[r#""else""#],
    ),
    (
        r#"{"if":false,"then":{"const":"then"},"else":{"const":"else"}}"#,
        &[r#""else""#],
        &[r#""then""#],
    ),
    // Annotations ask nothing.
    (
        r#"{"title":"t","description":"d","default":3,"examples":[4],"$comment":"c","deprecated":true,"readOnly":true,"writeOnly":true}"#,
        &["1", "null"],
        &[],
    ),
];

/// Schemas with `$ref`, for the arguments as a whole, since a reference begins at the root.
pub(crate) const WHOLE: &[Case] = &[
    (
        r##"{"properties":{"foo":{"$ref":"#"}},"additionalProperties":false}"##,
        &[r#"{"foo":false}"#, r#"{"foo":{"foo":false}}"#],
        &[r#"{"bar":false}"#, r#"{"foo":{"bar":false}}"#],
    ),
    (
        r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$defs":{"tilde~field":{"type":"integer"},"slash/field":{"type":"integer"}},"properties":{"tilde":{"$ref":"#/$defs/tilde~0field"},"slash":{"$ref":"#/$defs/slash~1field"}}}"##,
        &[r#"{"slash":1,"tilde":1}"#],
        &[r#"{"slash":"a"}"#, r#"{"tilde":"a"}"#],
    ),
    (
        r##"{"$defs":{"a":{"type":"integer"},"b":{"$ref":"#/$defs/a"},"c":{"$ref":"#/$defs/b"}},"properties":{"v":{"$ref":"#/$defs/c"}}}"##,
        &[r#"{"v":5}"#],
        &[r#"{"v":"a"}"#],
    ),
    (
        r##"{"$defs":{"list":{"type":"array"}},"properties":{"foo":{"$ref":"#/$defs/list","maxItems":2}}}"##,
        &[r#"{"foo":[]}"#],
        &[r#"{"foo":[1,2,3]}"#, r#"{"foo":"s"}"#],
    ),
    (
        r##"{"properties":{"$ref":{"type":"string"}}}"##,
        &[r#"{"$ref":"a"}"#],
        &[r#"{"$ref":2}"#],
    ),
    (
        r##"{"$defs":{"yes":true,"no":false},"properties":{"a":{"$ref":"#/$defs/yes"},"b":{"$ref":"#/$defs/no"}}}"##,
        &[r#"{"a":1}"#],
        &[r#"{"b":1}"#],
    ),
    (
        r##"{"properties":{"v":{"enum":[{"$ref":"#/$defs/s"}]}},"$defs":{"s":{"type":"string"}}}"##,
        &[r##"{"v":{"$ref":"#/$defs/s"}}"##],
        &[r#"{"v":"s"}"#, r#"{"v":{"type":"string"}}"#],
    ),
    (
        r##"{"$defs":{"node":{"type":"object","properties":{"value":{"type":"number"},"nodes":{"type":"array","items":{"$ref":"#/$defs/node"}}},"required":["value"],"additionalProperties":false}},"properties":{"root":{"$ref":"#/$defs/node"}},"required":["root"]}"##,
        &[r#"{"root":{"value":1,"nodes":[{"value":1.1},{"value":2,"nodes":[]}]}}"#],
        &[
            r#"{"root":{"value":1,"nodes":[{"value":1.1},{"value":2,"nodes":[{}]}]}}"#,
            "{}",
        ],
    ),
    (
        r##"{"$defs":{"int":{"type":"integer"}},"allOf":[{"properties":{"foo":{"$ref":"#/$defs/int"}}},{"additionalProperties":{"$ref":"#/$defs/int"}}]}"##,
        &[r#"{"foo":1}"#],
        &[r#"{"foo":"x"}"#],
    ),
];
