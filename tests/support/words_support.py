"""The words that the project does not use, each with the field's term. tests/test_words.py looks for them.

NAMES are patterns of identifiers in snake case (`HandOver` is read as `hand_over`). A pattern matches whole parts of a
name: `least` matches `LEAST_PX` and `least`, but not `at_least`. PROSE are patterns of text: comments, docstrings,
messages, help and documents, in lower case.
"""

from __future__ import annotations

NAMES = {
    # roles
    "hand_over": "TextureTransfer, pack_scene",
    "shelf|shelves": "library, search path",
    "surroundings": "neighbourhood",
    "recipes?": "pyramid, build options",
    "plates?": "text sprite",
    "lettering": "render_text",
    "barrel": "dof_scale",
    "desk": "tool_context",
    "wish|wishes": "request, invalidation",
    "obey|obeys": "handle_event",
    "mends?|mended|mend_late": "recover",
    "changed_source": "source_filter",
    "exposable": "exposure_control",
    "mailbox": "latest_frame",
    "shots?": "capture_metadata",
    "facts?": "metadata",
    "tune": "live_edit",
    "by_chance": "randomize",
    "randomise": "randomize",
    "evened": "variance_stabilized",
    "intake": "linearize",
    "terraces": "banding",
    "span_rig": "RelativeRig",
    "crown": "pyramid_top",
    "street": "zone_focus",
    "loupe": "pixel_inspector",
    "bright_lines?": "frame_lines",
    "splitting": "wipe",
    "marks": "focus_presets",
    "feed|fed": "worker_queue, submitted",
    "hues": "hsl_mixer, hue_bands",
    "films?": "video, recording",
    "raws": "raw_files, raw_frames",
    "(?<!photo)sites?": "photosite",
    "yardstick": "baseline",
    "(?<!ground_)truths?": "ground_truth (the noun is ground_truth everywhere)",
    # bounds
    "(?<!at_)least(?!_squares)": "MIN_, minimum",
    "(?<!at_)most": "MAX_, maximum",
    "farthest|furthest": "MAX_, maximum",
    "fewest": "MIN_, minimum",
    "calmest": "minimum",
    # nouns that name nothing
    "what|them|there|theirs|ours|mine": "the name of the thing",
    "where|why|goes_on|is_there": "the name of the thing: position, reason, continues, exists",
    # private verbs and adjectives
    "say|says|said": "notify, message",
    "tells?|told|is_told|as_told": "report, notify, estimate",
    "asks?|asked": "request, requested",
    "hear|heard|ear|hang": "receive, listen, wait",
    "settl(?:e|es|ed|ing)": "constant_folding, converge",
    "anew|renewed": "rebuilt, again",
    "seen(?=_)|(?<=_)seen": "visible, prefilter",
    "stood_still|still_standing": "static, unchanged",
    "shipped|ships": "built_in",
    "trouble|woe": "error",
    "greet|let_in": "accept, authenticate",
    "lay|laid|lay_over": "place, overlay",
    "strangers?": "the name of the thing",
}

# In kernels and shaders `one` is the number 1.
PYTHON_NAMES = {"one": "the name of the thing"}

# Names that a listed pattern matches and that are right, with the reason.
ALLOWED_NAMES: dict[str, str] = {
    "tune": "the command is called `tune`",
    "where": "NumPy and SQL use it as a keyword argument",
}

NOUN = r"(?:a|the|of|in|each|one|no|two|its|their|for|by|from|under|with|into)"

PROSE = {
    # the glossary's sentences
    r"unless (?:it|you|he|one|somebody) (?:says?|tells?)(?: \w+)?": "'default: ...'",
    r"answers who|who(?:ever)? knows the token": "'requires the token'",
    r"\bthinks?\b|\bthinking\b": "'runs', 'computes'",
    r"all of it sharp|\ball sharp\b": "'everything in focus'",
    r"\bh[oe]lds? (?:\S+ ){1,4}?against\b|\bheld against\b": "'compares ... with'",
    r"light of which": "'while at least one channel is unclipped'",
    r"in tetrahedra": "'tetrahedral interpolation'",
    r"(?<!there )\b(?:is|are|was|were) no (?!longer|more|less|larger|smaller|later|wider|better|worse)(?=\w)": (
        "'is not a ...', 'has no ...'"
    ),
    r"\bno (?:raw|mosaic|port|still|rack)\b(?! (?:data|files?|frames?|numbers?))": "'not a ...'",
    r"(?:which|that|it|this|what|who) (?:is|are) (?:(?-i:none)|neither)\b": "'is not a ...'",
    r"\b(?:that|what|which|is|are) (?:is )?of what\b|\bis of\b|\bare of\b": "name the thing; 'requires', 'belongs to'",
    r"something to do\b|what is to do": "'an action'",
    r"nothing that (?:a|the) sensor": "'no raw data'",
    r"\bas it were\b": "leave it out",
    r",? or what\b": "two sentences, or name the thing",
    r"\b(?:of|for|from|by|with|than|to|in|over|after|before|beside) what(?! extent)\b": "name the thing",
    r"\bdoes what\b|\bof which\b(?= (?:nobody|the|it|each|you))": "one sentence with a subject and a verb",
    # people who are not there
    r"\b(?:nobody|somebody|everybody|anybody|whoever|whichever comes)\b": "name the role: caller, user, thread",
    r"\bknows\b(?! how)": "'has', 'stores', 'supports', 'is known'",
    r"\b(?:tells?|told|telling)\b": "'reports', 'states', 'estimates', 'distinguishes'",
    r"\b(?:says?|said|saying)\b": "'states', 'specifies', 'reports'; for a command 'use', 'give'",
    r"\bwants\b(?! to\b)": "'needs', 'requires'",
    r"\bforgets?\b": "'clears', 'discards'",
    r"\bobeys?\b": "'follows', 'handles'",
    r"\bhears?\b|\bheard\b|\blistens to\b": "'receives'",
    r"\ba hand does\b|\bin hand\b|\bat hand\b": "'current', 'being edited'",
    r"\bby hand\b": "'manually'",
    r"\bby chance\b": "'at random'",
    r"\bgive(?:s)? up\b|\bracing\b": "'stops', 'times out'",
    # private verbs
    r"\b(?:that|which|what) there (?:is|are)\b": "'existing', 'available'",
    r"\b(?:is|are|was|were) (?:not )?there\b(?! (?:a|an|any|no|none|more|some|something)\b)": "'exists'",
    r"\bbrings?\b|\bbrought\b": "'contains', 'provides', 'converts'",
    r"\bhow near\b|\bas near\b": "'how close', 'accuracy'",
    r"\blaid (?:over|into|out|beside)\b": "'placed', 'overlaid'",
    r"\bdear\b(?! imgui)": "'expensive'",
    r"\baside\b": "'except', 'ignored'",
    r"\bsought\b": "'searched'",
    r"\bshall\b": "'must', 'should'",
    r"\bmend(?:s|ed|ing)?\b": "'fix', 'repair', 'recover'",
    r"\banew\b": "'again'; 'rebuilds', 'reallocates'",
    r"\bsettl(?:e|es|ed|ing)\b": "'converges'; 'constant folding'",
    r"\bst(?:and|ands|anding|ood) still\b": "'is static', 'does not change'",
    r"\bst(?:ands?|ood)\b(?! for\b|-| alone\b)": "'is', 'is in', 'appears'",
    r"\bas (?:it|they|he) stands?\b|\bhow everything stands\b": "'current'",
    r"\bcomes? to (?:lie|rest|be)\b": "'is placed at', 'converges'",
    r"\bwhat (?:comes|becomes) of\b": "'the result of'",
    r"\bgo(?:es)? on\b(?! \d)": "'continues'",
    r"\breach(?:es)? back\b": "'depends on an earlier stage'",
    r"\bwork(?:s|ed)? (?:\w+ ){0,2}out\b": "'computes'",
    r"\b(?:is|are) to be\b": "'must be'",
    r"\bone at least\b": "'at least one'",
    r"\bin turns\b": "'alternately'",
    r"\band the like\b|\bor the like\b|\bthe like\b": "'similar', 'and so on'",
    r"\blies? beside\b|\bbeside (?:it|them|that|this|the (?:loop|window|program|picture|result))\b": (
        "'next to', 'in parallel with'"
    ),
    r"\bso many\b|\bby as much\b|\bas much (?:more|less)\b|\bso long\b": "'the given number', 'N'",
    r"\bevery(?:thing)? that is there\b|\bthere is none\b": "'if any', 'if it does not exist'",
    r"\bnone where\b|\bwhere none\b|\bwhere nothing\b": "'None if ...'",
    r"\bwhere it is neither\b|\bis neither\b": "'otherwise', 'if it is not ...'",
    # nouns
    r"\bfarthest\b|\bfurthest\b": "'maximum', 'most distant'",
    r"\bmailbox(?:es)?\b": "'latest-frame queue'",
    r"\bshel(?:f|ves)\b": "'search path', 'library'",
    r"\brecipes?\b": "'pyramid', 'build options'",
    r"\bsurroundings\b": "'neighbourhood'",
    r"\bcrowns?\b": "'pyramid top'",
    r"\bplates?\b": "'text sprite', 'backing rectangle'",
    r"\bdesk\b": "'tool context'",
    r"\bfacts\b": "'metadata', 'properties'",
    rf"\b{NOUN} shots?\b|\bshot's\b": "'capture', 'capture metadata', 'exposure'",
    r"\bterraces?\b": "'banding'",
    r"\bintake\b": "'unpack and linearize'",
    r"\bhand-over\b|\bhands? over\b": "'transfer'",
    r"\bbarrel\b(?! distortion)": "'depth-of-field scale'",
    r"\byardsticks?\b": "'baseline'",
    r"(?<!ground )(?<!ground-)\btruths?\b": "'ground truth'",
    r"\bstreet\b(?! lamp| photograph)": "'zone focus'",
    r"\bmetered by (?:centre|the centre)\b|\bby (?:the )?centre, ": "'centre-weighted', 'highlight-weighted'",
    r"\bfocus marks?\b|\bmarks? [12]\b|\b(?:that|the|two|racks to a) marks?\b(?! of)": "'focus preset'",
    r"\bloupes?\b": "'pixel inspector'",
    r"\bbright[- ]lines?\b(?! frame finder)": "'frame lines'",
    r"\ba/b splits?\b|\bthe split\b(?! tone)|\bsplit line\b": "'wipe'",
    r"\bglows?\b|\bglowing\b": "'soft focus' of a lens, 'bloom' of a pass",
    r"(?<!grained )\bfilms?\b(?! (?:grain|stock|simulation|emulsion|lut))": "'video', 'recording'",
    r"\braws\b": "'raw files', 'raw frames'",
    r"(?<!call )(?<!web )\bsites?\b": "'photosite'",
    r"\bthe (?:whole )?walk\b|\bwalks? (?:through|the|from)\b": "'pipeline', 'passes through'",
    r"\bthe house\b": "'the code base', 'the architecture'",
    r"\b(?:a|the) (?:person|hand) (?:turns|sets|does)\b": "'the user'",
    r"\bfigures\b": "'numbers', 'measurements', 'values'",
}

# A comment or docstring that begins like this has no subject.
FRAGMENTS = {
    r"\Aof (?!course\b)": "begin with the thing itself: 'Fraction of a patch ...'",
    r"\A(?:of|by|in|to|from|above|below|beyond|within|at|for|than) which\b": "begin with the thing itself",
    r"\A(?:that|as|to be|so many|by so)\b": "begin with the thing itself",
}

# Exact places where a listed word is right: (file, matched text).
ALLOWED_PLACES: frozenset[tuple[str, str]] = frozenset(
    {
        ("engine/camera.py", "shot"),  # shot noise
        ("engine/commands/device_report.py", "why"),  # a key of the JSON
        ("engine/look/traits.py", "hues"),  # hues of colours
        ("engine/look/traits.py", "_hues"),
        ("shaders/grain.glsl", "film"),  # the parameter group of photographic film
        ("shaders/halation.glsl", "film"),
        ("shaders/lut.glsl", "display_where"),  # a pragma that users' shaders may contain
        ("tests/look/test_look.py", "glow"),  # the former name of a pass, which is still read
        ("tests/support/dng_support.py", "AS_SHOT_NEUTRAL"),  # DNG tags
        ("tests/support/dng_support.py", "AS_SHOT_WHITE_XY"),
        ("tests/test_controls.py", "loupe"),  # the former name of a control, in a message
        ("tests/tools/test_saved_settings.py", "loupe"),  # the former name of a control, which is still read
    }
)
