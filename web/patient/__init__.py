"""What a patient sees and sends."""

from web.patient import ahead, conversation, home_care, own_data, pictures, routes

blueprints = (
    ahead.blueprint,
    conversation.blueprint,
    home_care.blueprint,
    own_data.blueprint,
    pictures.blueprint,
    routes.blueprint,
)
