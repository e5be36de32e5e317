"""Recipe files: what is written is what is read, and every mistake is named."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ravine as rv
from ravine import losses
from ravine.errors import FileError, ParameterError, RavineError, SpecError
from ravine.specs.recipe_file import RecipeFile, read_recipe_file, write_recipe_file
from tests.builders.spec_strategies import specs

NETWORK = rv.Network(
    [
        rv.Normalize(),
        rv.Dense(64, activation=rv.Activation("elu", alpha=0.5), penalty=None),
        rv.Residual([rv.Dense(64, activation="relu", initializer="he_normal"), rv.Dropout(0.1)]),
        rv.Dense(1, penalty=rv.L1(0.1, proximal=True)),
    ],
    loss=losses.Huber(1 / 3),
)

RECIPE = rv.Recipe(
    optimizer=rv.Adam(rv.Warmup(3, rv.CosineDecay(0.1)), beta1=rv.CosineDecay(0.5, final=0.9)),
    batch_size="full",
    penalty=rv.ElasticNet(1e-4),
    augmentation=[rv.Noise(0.1), rv.Synthesize(categories=(1, (2, 3)))],
    stopping=rv.EarlyStopping(patience=3),
    seed=2**63 - 1,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "recipe.toml"


@pytest.mark.parametrize("network", [None, NETWORK], ids=["no network", "network"])
@pytest.mark.parametrize(
    "recipe", [None, rv.Recipe(), RECIPE], ids=["no recipe", "plain", "everything"]
)
@pytest.mark.parametrize(
    "data",
    [
        None,
        {"target": "y", "test_fraction": 0.1, "n": 3, "weighted": False, "drop": ["a", "b"]},
        {"none": "none", 'a "quoted" = name\n': "ünïcode ‰ \x01 \\ ''' \"\"\""},
    ],
    ids=["no data", "data", "odd data"],
)
def test_what_is_written_is_read_again(path, recipe, network, data):
    if (recipe, network, data) == (None, None, None):
        data = {}
    write_recipe_file(path, recipe=recipe, network=network, data=data)
    assert read_recipe_file(path) == RecipeFile(recipe, network, data)


@pytest.fixture(scope="module")
def shared_path(tmp_path_factory):
    return tmp_path_factory.mktemp("recipes") / "recipe.toml"


@given(recipe=specs(rv.Recipe), network=specs(rv.Network))
def test_random_recipes_and_networks_are_read_again_to_the_last_bit(shared_path, recipe, network):
    write_recipe_file(shared_path, recipe=recipe, network=network)
    again = read_recipe_file(shared_path)
    assert (again.recipe, again.network) == (recipe, network)
    assert again.recipe.to_dict() == recipe.to_dict()


@given(rate=st.floats(0, allow_infinity=False))
def test_every_float_is_read_again_to_the_last_bit(shared_path, rate):
    write_recipe_file(shared_path, recipe=rv.Recipe(optimizer=rv.SGD(rate)))
    found = read_recipe_file(shared_path).recipe.optimizer.learning_rate
    assert (found, math.copysign(1, found)) == (rate, math.copysign(1, rate))


def test_a_file_is_complete_so_that_later_defaults_cannot_change_it(path):
    write_recipe_file(path, recipe=rv.Recipe())
    text = path.read_text()
    for line in ("epochs = 100", "shuffle = true", 'dtype = "float32"', "beta2 = 0.999"):
        assert line in text.splitlines()


def test_none_is_written_only_where_leaving_it_out_would_mean_something_else(path):
    write_recipe_file(path, network=rv.Network([rv.Dense(1, penalty=None)]), recipe=rv.Recipe())
    text = path.read_text()
    assert text.count('"none"') == 1
    assert 'penalty = "none"' in text
    for absent in ("activation", "initializer", "batch_size", "clip_norm"):
        assert absent not in text
    assert read_recipe_file(path).network.layers[0].penalty is None


# --- Files written by hand ------------------------------------------------------------------------

BY_HAND = [
    ("epochs = 5", RecipeFile(rv.Recipe(epochs=5))),
    ('optimizer = "sgd"\nseed = 3', RecipeFile(rv.Recipe(optimizer="sgd", seed=3))),
    (
        '[optimizer]\nkind = "SGD"\nlearning_rate = 1',
        RecipeFile(rv.Recipe(optimizer=rv.SGD(1.0))),
    ),
    ('[recipe]\nclip_norm = "none"', RecipeFile(rv.Recipe())),
    ("[recipe]", RecipeFile(rv.Recipe())),
    ('[data]\ntarget = "y"', RecipeFile(data={"target": "y"})),
    (
        '[network]\nloss = "huber"\n[[network.layers]]\nkind = "Dense"\nunits = 2\n'
        'activation = "relu"\n[[network.layers]]\nkind = "Dense"\nunits = 1',
        RecipeFile(network=rv.Network([rv.Dense(2, activation="relu"), rv.Dense(1)], "huber")),
    ),
    ("\ufeff[recipe]\r\nepochs = 5\r\n# from Windows\r\n", RecipeFile(rv.Recipe(epochs=5))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), BY_HAND)
def test_a_file_written_by_hand_is_understood(path, text, meaning):
    path.write_bytes(text.encode())
    assert read_recipe_file(path) == meaning


@pytest.mark.parametrize("part", [{"recipe": RECIPE}, {"network": NETWORK}])
def test_a_dictionary_written_by_any_toml_writer_is_understood(path, part):
    import tomli_w

    (name, spec), *_ = part.items()

    def without_none(value):
        if isinstance(value, dict):
            return {k: without_none(v) for k, v in value.items() if v is not None}
        return [without_none(v) for v in value] if isinstance(value, list) else value

    # None where the default is another value has no other way in TOML than "none".
    data = {name: without_none(spec.to_dict())}
    if name == "network":
        data[name]["layers"][1]["penalty"] = "none"
    path.write_text(tomli_w.dumps(data))
    assert getattr(read_recipe_file(path), name) == spec


# --- Mistakes -------------------------------------------------------------------------------------

MISTAKES = [
    ("epochs = 0", ParameterError,
     "in the top level: The 'epochs' parameter of Recipe must be a whole number, at least 1. "
     "Got 0."),
    ("[recipe]\nepoch = 3", SpecError, "in [recipe]: Recipe has no field 'epoch'. Its fields:"),
    ('[recipe.optimizer]\nkind = "Adamm"', SpecError,
     "in [recipe]: Unknown kind 'Adamm' (str) of an optimizer. Known kinds: SGD,"),
    ("[recipe.optimizer]\nlearning_rate = 0.1", SpecError,
     "in [recipe]: The description of an optimizer lacks its 'kind'."),
    ("[recipe]\nlearning_rate = nan", SpecError, "in [recipe]: Recipe has no field"),
    ('[recipe.optimizer]\nkind = "Adam"\nlearning_rate = nan', ParameterError,
     "in [recipe]: The 'learning_rate' parameter of Adam must be a finite number. Got nan."),
    ('[recipe.optimizer]\nkind = "Adam"\nepsilon = "none"', ParameterError,
     "in [recipe]: The 'epsilon' parameter of Adam must be a number greater than 0. Got None."),
    ("[network]\nlayers = []", ParameterError, "in [network]: The 'layers' parameter of Network"),
    ("[network]", SpecError, "in [network]: Network lacks its field 'layers'."),
    ("[recipe]\n[optimiser]", SpecError,
     "unknown key 'optimiser' beside the tables [recipe], [network], [estimator], [data] and "
     "[study]."),
    ("recipe = 3", SpecError, "'recipe' must be a table. Got 3."),
    ("", SpecError, "the file is empty."),
    ("epochs = = 3", SpecError, "the file is no valid TOML: Invalid value (at line 1"),
    ("epochs = 3\nepochs = 4", SpecError, "the file is no valid TOML: Cannot overwrite a value"),
    ("date = 2020-01-01", SpecError, "in the top level: Recipe has no field 'date'."),
    ("[recipe]\nseed = 2020-01-01", ParameterError,
     "in [recipe]: The 'seed' parameter of Recipe must be a whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "message"), MISTAKES)
def test_a_mistake_is_named_with_its_file_table_and_rule(path, text, kind, message):
    path.write_text(text)
    with pytest.raises(kind) as caught:
        read_recipe_file(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_the_hint_of_a_mistake_is_kept(path):
    path.write_text("[recipe]\nepoch = 3")
    with pytest.raises(SpecError) as caught:
        read_recipe_file(path)
    assert caught.value.hint == "Did you mean 'epochs'?"


def test_bytes_that_are_no_text_are_an_error(path):
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="no text in UTF-8"):
        read_recipe_file(path)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "x = " + "{a = " * 100_000,
        ".".join(["recipe"] + ["a"] * 5_000) + " = 1",
        "[" + ".".join(["recipe"] + ["a"] * 5_000) + "]",
        "[network]\nlayers = " + '[{kind="Residual",layers=' * 40 + "[]" + "}]" * 40,
    ],
    ids=["lists", "tables", "dotted", "header", "residuals"],
)
def test_nesting_without_end_is_an_error_not_a_crash(path, text):
    path.write_text(text)
    with pytest.raises(SpecError, match=r"nested|no valid TOML|no field"):
        read_recipe_file(path)


@given(text=st.text(max_size=60))
def test_any_text_is_a_recipe_or_a_clear_error(shared_path, text):
    shared_path.write_text(text, encoding="utf-8", errors="replace")
    try:
        assert isinstance(read_recipe_file(shared_path), RecipeFile)
    except RavineError as error:
        assert str(error).startswith(str(shared_path))  # noqa: PT017


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileError, match="missing"):
        read_recipe_file(tmp_path / "missing.toml")


def test_a_folder_is_no_recipe_file(tmp_path):
    with pytest.raises(FileError):
        read_recipe_file(tmp_path)


def test_a_file_cannot_be_written_where_there_is_no_folder(tmp_path):
    with pytest.raises(FileError):
        write_recipe_file(tmp_path / "no" / "recipe.toml", recipe=rv.Recipe())


# --- What cannot be written -----------------------------------------------------------------------


class OwnRule(rv.Optimizer):
    learning_rate = 0.1

    def init(self, n):
        return None

    def update(self, w, g, state, k, learning_rate):
        w -= learning_rate * g


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (rv.Recipe(optimizer=OwnRule()), "OwnRule is a custom class"),
        (rv.Recipe(augmentation=lambda X, y, rng: (X, y)), "<lambda>, a custom function"),
    ],
)
def test_ones_own_code_is_refused_and_the_former_file_stays(path, recipe, message):
    path.write_text("epochs = 3")
    with pytest.raises(SpecError, match=message):
        write_recipe_file(path, recipe=recipe)
    assert path.read_text() == "epochs = 3"


@pytest.mark.parametrize("value", [{"a": 1}, object(), [{"a": 1}], b"x", 1j])
def test_data_that_is_no_scalar_is_refused(path, value):
    with pytest.raises(ParameterError, match=r"must hold numbers, strings, booleans or lists"):
        write_recipe_file(path, data={"thing": value})


def test_text_that_no_file_can_hold_is_refused(path):
    with pytest.raises(ParameterError, match="valid Unicode"):
        write_recipe_file(path, data={"target": "\ud800"})


def test_data_that_is_none_is_left_out(path):
    write_recipe_file(path, data={"target": "y", "weight": None})
    assert read_recipe_file(path).data == {"target": "y"}
