"""Models that several files look at."""

import pytest

from tests.builders.trained_models import MODELS, made


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return made(request.param)


@pytest.fixture(scope="module")
def regression():
    return made("regression")
